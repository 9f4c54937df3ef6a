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
    benchmark:
        "logs/{study}/infer/bootstrap/{part}.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(30, 20),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.bootstrap"),
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
    benchmark:
        "logs/{study}/infer.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.infer"),
    message:
        "{wildcards.study}: inference from the final model"
    script:
        "../scripts/infer.py"
