# Raw table → report in one job, for studies that are small and many: starting a process would cost more than its work.
UP_TO_DIAGNOSIS = dict(
    table=rules.clean.output.table,
    audit=rules.clean.output.audit,
    dropped=rules.clean.output.dropped,
    ladder=rules.fit.output.ladder,
    decision=report(
        "results/{study}/select/decision.json",
        caption="../report/decision.rst",
        category="{study}",
        subcategory="select",
        labels={"what": "decision"},
    ),
    crossvalidation=rules.gather_cross_validation.output.crossvalidation,
    sensitivity=rules.sensitivity.output.sensitivity,
    inference=rules.infer.output.inference,
    final=rules.diagnose.output.final,
    findings=rules.diagnose.output.findings,
    figures=report(
        directory("results/{study}/diagnose/figures"),
        patterns=["{figure}.svg"],
        caption="../report/figure.rst",
        category="{study}",
        subcategory="diagnose",
        labels={"what": "{figure}"},
    ),
)


rule whole:
    input:
        data=rules.clean.input.data,
    output:
        **UP_TO_DIAGNOSIS,
        page=report(
            "reports/{study}/index.html",
            caption="../report/page.rst",
            category="{study}",
            subcategory="report",
            labels={"what": "report"},
        ),
        downloads=directory("reports/{study}/downloads"),
        entry=rules.report.output.entry,
    log:
        "logs/{study}/whole.log",
    benchmark:
        "logs/{study}/whole.tsv"
    wildcard_constraints:
        study=one_of(WHOLE),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(700, 80),
        runtime=minutes(60, 40),
    params:
        study=fingerprint,
        wording=wording,
        until=lambda wildcards: "report",  # as plain text the lint would take it for the start of a path
        code=code_hash("lmm.stages.whole"),
    message:
        "{wildcards.study}: all stages, from {input.data} to the report"
    script:
        "../scripts/whole.py"


# The report of a study of a family waits for the p-values of the others.
use rule whole as whole_but_report with:
    output:
        **UP_TO_DIAGNOSIS,
    log:
        "logs/{study}/whole_but_report.log",
    benchmark:
        "logs/{study}/whole_but_report.tsv"
    wildcard_constraints:
        study=one_of(WHOLE_BUT_REPORT),
    params:
        study=fingerprint,
        wording=wording,
        until=lambda wildcards: "diagnose",
        code=code_hash("lmm.stages.whole"),
    message:
        "{wildcards.study}: all stages but the report, from {input.data}"
