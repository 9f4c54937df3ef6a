# Decision and inference → diagnosis: the chosen model refitted by REML, its figures and what they show.
rule diagnose:
    input:
        decision=rules.select.output.decision,
        table=rules.clean.output.table,
        audit=rules.clean.output.audit,
        inference=rules.infer.output.inference,
    output:
        final="results/{study}/diagnose/final.json",
        findings="results/{study}/diagnose/findings.json",
        figures=report(
            directory("results/{study}/diagnose/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="{study}",
            subcategory="diagnose",
            labels={"what": "{figure}"},
        ),
    log:
        "logs/{study}/diagnose.log",
    benchmark:
        "logs/{study}/diagnose.tsv"
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(700, 60),
        runtime=minutes(10, 4),
    params:
        study=fingerprint,
        wording=wording,
        code=code_hash("lmm.stages.diagnose"),
    message:
        "{wildcards.study}: checking the chosen model"
    script:
        "../scripts/diagnose.py"
