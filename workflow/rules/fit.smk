# Analysis table → ladder: every candidate model fitted to the same rows, in one job or in one job for each.
rule fit:
    input:
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        ladder="results/{study}/fit/ladder.json",
    log:
        "logs/{study}/fit.log",
    benchmark:
        "logs/{study}/fit.tsv"
    wildcard_constraints:
        study=split_by("study"),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        models=models,
        code=code_hash("lmm.stages.fit"),
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
    benchmark:
        "logs/{study}/fit/{rung}.tsv"
    wildcard_constraints:
        study=split_by("rung"),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.fit"),
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
    benchmark:
        "logs/{study}/gather_rungs.tsv"
    wildcard_constraints:
        study=split_by("rung"),
    localrule: True
    conda:
        "../envs/lmm.yaml"
    params:
        study=fingerprint,
        code=code_hash("lmm.stages.gather_rungs"),
    message:
        "{wildcards.study}: gathering the ladder"
    script:
        "../scripts/gather_rungs.py"
