# Ladder → decision: which model wins, step by step, with the reason.
rule select:
    input:
        ladder="results/{study}/fit/ladder.json",
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
    output:
        decision=report(
            "results/{study}/select/decision.json",
            caption="../report/decision.rst",
            category="{study}",
            subcategory="select",
            labels={"what": "decision"},
        ),
    log:
        "logs/{study}/select.log",
    benchmark:
        "logs/{study}/select.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 40),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        selection=selection_announced,
        code=code_hash("lmm.stages.select"),
    message:
        "{wildcards.study}: choosing among the fitted models{params.selection}"
    script:
        "../scripts/select.py"
