# Decision and cross-validation → sensitivity: other models, other criteria, other samples.
rule sensitivity:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
        crossvalidation=rules.gather_cross_validation.output.crossvalidation,
        parts=inclusion_parts,
    output:
        sensitivity="results/{study}/select/sensitivity.json",
    log:
        "logs/{study}/sensitivity.log",
    benchmark:
        "logs/{study}/sensitivity.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.sensitivity"),
    message:
        "{wildcards.study}: other models and other criteria"
    script:
        "../scripts/sensitivity.py"
