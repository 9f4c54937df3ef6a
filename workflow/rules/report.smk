# Results → pages: one self-contained page for each study, and an index of them.
rule report:
    input:
        audit=rules.clean.output.audit,
        ladder=rules.select.input.ladder,
        decision=rules.select.output.decision,
        inference=rules.infer.output.inference,
        crossvalidation=rules.gather_cross_validation.output.crossvalidation,
        sensitivity=rules.sensitivity.output.sensitivity,
        final=rules.diagnose.output.final,
        findings=rules.diagnose.output.findings,
        figures=rules.diagnose.output.figures,
        family=family_of,
    output:
        page=report(
            "reports/{study}/index.html",
            caption="../report/page.rst",
            category="{study}",
            subcategory="report",
            labels={"what": "report"},
        ),
        downloads=directory("reports/{study}/downloads"),
        entry="results/{study}/report/entry.json",
    log:
        "logs/{study}/report.log",
    benchmark:
        "logs/{study}/report.tsv"
    wildcard_constraints:
        study=one_of(STAGED + WHOLE_BUT_REPORT),
    conda:
        "../envs/lmm.yaml"
    resources:
        mem_mb=memory(500, 20),
        runtime=minutes(5, 1),
    params:
        study=fingerprint,
        wording=wording,
        code=code_hash("lmm.stages.report"),
    message:
        "{wildcards.study}: writing the report"
    script:
        "../scripts/report.py"


rule index:
    input:
        entries=expand(rules.report.output.entry, study=STUDIES),
        families=expand(rules.family.output.family, family=FAMILIES),
    output:
        page=report(
            "reports/index.html",
            caption="../report/index.rst",
            category="All studies",
            labels={"what": "index of the studies"},
        ),
    log:
        "logs/index.log",
    benchmark:
        "logs/index.tsv"
    localrule: True
    conda:
        "../envs/lmm.yaml"
    params:
        wordings=[study.wording() for study in STUDIES.values()],
        code=code_hash("lmm.stages.index"),
    message:
        "writing the index of all reports"
    script:
        "../scripts/index.py"
