# Analysis table → ladder: every candidate model fitted to the same rows, in one job or in one job for each.
rule fit:
    input:
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        ladder="results/{study}/fit/ladder.json",
    log:
        "logs/{study}/fit.log",
    wildcard_constraints:
        study=names(split="study"),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(10, 10),
    params:
        study=fingerprint,
        models=models,
        code=code_hash("lmm.select.rungs"),
    message:
        "{wildcards.study}: fitting {params.models}"
    script:
        "../scripts/fit.py"


rule fit_rung:
    input:
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        rung="results/{study}/fit/rungs/{rung}.json",
    log:
        "logs/{study}/fit/{rung}.log",
    wildcard_constraints:
        study=names(split="rung"),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(10, 10),
    params:
        study=fingerprint,
        code=code_hash("lmm.select.rungs"),
    message:
        "{wildcards.study}: fitting {wildcards.rung}"
    script:
        "../scripts/fit_rung.py"


rule gather_rungs:
    input:
        rungs=rung_files,
        audit=rules.clean.output.audit,
    output:
        ladder="results/{study}/fit/ladder.json",
    log:
        "logs/{study}/gather_rungs.log",
    wildcard_constraints:
        study=names(split="rung"),
    localrule: True
    conda:
        "../envs/lmm.yaml"
    params:
        study=fingerprint,
        code=code_hash("lmm.select.rungs"),
    message:
        "{wildcards.study}: gathering the ladder"
    script:
        "../scripts/gather_rungs.py"
