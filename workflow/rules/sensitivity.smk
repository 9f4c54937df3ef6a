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
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(10, 10),
    params:
        study=fingerprint,
        code=code_hash("lmm.select.sensitivity", "lmm.select.inclusionparts"),
    message:
        "{wildcards.study}: other models and other criteria"
    script:
        "../scripts/sensitivity.py"
