# Decision → how often each term of the mean is selected from resampled groups, in parts that share the draws.
rule inclusion_part:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        part="results/{study}/select/inclusion/{part}.json",
    log:
        "logs/{study}/select/inclusion/{part}.log",
    benchmark:
        "logs/{study}/select/inclusion/{part}.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(30, 20),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.inclusion"),
    message:
        "{wildcards.study}: selection from resampled groups, part {wildcards.part}"
    script:
        "../scripts/inclusion_part.py"
