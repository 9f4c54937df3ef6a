# Raw table → analysis table: the same rows for every candidate, and an audit of what was left out.
rule clean:
    input:
        data=lambda wildcards: STUDIES[wildcards.study].files,
    output:
        table="results/{study}/clean/table.parquet",
        audit="results/{study}/clean/audit.json",
        dropped="results/{study}/clean/dropped.csv",
    log:
        "logs/{study}/clean.log",
    benchmark:
        "logs/{study}/clean.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 30),
        runtime=minutes(5, 1),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.clean"),
    message:
        "{wildcards.study}: cleaning {input.data}"
    script:
        "../scripts/clean.py"
