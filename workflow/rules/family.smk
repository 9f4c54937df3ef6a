# Inferences of the studies of a family → their p-values, adjusted for their number; other studies hang on none of it.
rule family:
    input:
        inferences=lambda wildcards: expand(
            rules.infer.output.inference, study=[study.name for study in FAMILIES[wildcards.family].studies]
        ),
    output:
        family=report(
            "results/families/{family}.json",
            caption="../report/family.rst",
            category="All studies",
            labels={"what": "family {family}"},
        ),
    log:
        "logs/families/{family}.log",
    benchmark:
        "logs/families/{family}.tsv"
    localrule: True
    conda:
        "../envs/lmm.yaml"
    params:
        adjustment=lambda wildcards: FAMILIES[wildcards.family].adjustment,
        code=code_hash("lmm.stages.family"),
    message:
        "family {wildcards.family}: adjusting p-values across {input.inferences}"
    script:
        "../scripts/family.py"
