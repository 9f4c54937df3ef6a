# Decision → cross-validation: every candidate, and the choice among them, scored on rows it has not seen.
rule cross_validate:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        part="results/{study}/select/crossvalidation/{part}.json",
    log:
        "logs/{study}/select/crossvalidation/{part}.log",
    benchmark:
        "logs/{study}/select/crossvalidation/{part}.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 80),
        runtime=minutes(30, 20),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.cross_validate"),
    message:
        "{wildcards.study}: cross-validation, part {wildcards.part}"
    script:
        "../scripts/cross_validate.py"


rule gather_cross_validation:
    input:
        decision=rules.select.output.decision,
        audit=rules.clean.output.audit,
        parts=cross_validation_parts,
    output:
        crossvalidation="results/{study}/select/crossvalidation.json",
    log:
        "logs/{study}/gather_cross_validation.log",
    benchmark:
        "logs/{study}/gather_cross_validation.tsv"
    localrule: True
    conda:
        "../envs/lmm.yaml"
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.gather_cross_validation"),
    message:
        "{wildcards.study}: comparing the models by cross-validation"
    script:
        "../scripts/gather_cross_validation.py"
