# Decision → inference: what may be said about the final model, with the draws of its bootstrap where there are some.
rule bootstrap_part:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        part="results/{study}/infer/bootstrap/{part}.json",
    log:
        "logs/{study}/infer/bootstrap/{part}.log",
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(30, 60),
    params:
        study=fingerprint,
        code=code_hash("lmm.infer.bootstrapparts"),
    message:
        "{wildcards.study}: bootstrap, part {wildcards.part}"
    script:
        "../scripts/bootstrap_part.py"


rule infer:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
        parts=bootstrap_parts,
    output:
        inference="results/{study}/infer/inference.json",
    log:
        "logs/{study}/infer.log",
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(10, 10),
    params:
        study=fingerprint,
        code=code_hash("lmm.infer.inference", "lmm.infer.bootstrapparts"),
    message:
        "{wildcards.study}: inference from the final model"
    script:
        "../scripts/infer.py"
