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
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=growing(500, 100),
        runtime=growing(10, 10),
    params:
        study=fingerprint,
        selection=selection_announced,
        code=code_hash("lmm.select"),
    message:
        "{wildcards.study}: choosing among the fitted models{params.selection}"
    script:
        "../scripts/select.py"
