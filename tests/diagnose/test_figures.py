"""What the figures say is computed: held to known data, to simulated faults, and to data without fault."""

import re
import subprocess
import sys

import numpy as np
import pandas
import pytest

import lmm
from lmm.diagnose import diagnose, fit_over_data, quantiles, raw_data, residuals, scale_location, style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure
from lmm.study import Study
from tests.report import builders


def words(finished, name):
    return next(figure for figure in finished.diagnosis.findings["figures"] if figure["name"] == name)


def names(finished):
    return [figure["name"] for figure in finished.diagnosis.findings["figures"]]


def test_a_longitudinal_study_shows_lines():
    assert names(builders.sleepstudy()) == [
        "level-diagram",
        "raw-lines",
        "fit-over-data",
        "mean-band",
        "residuals-fitted",
        "residuals-spread",
        "linearity",
        "residuals-normal",
        "residuals-by-group",
        "residuals-autocorrelation",
        "residuals-scaled",
        "simulated-density",
        "random-effects-1",
        "random-effects-normal-1",
        "influence-1",
        "influence-coefficients-1",
        "influence-rows",
        "profile-zeta",
    ]


def test_a_crossed_study_shows_a_grid_and_a_nested_one_columns():
    assert names(builders.penicillin())[:2] == ["level-diagram", "raw-grid"]
    assert names(builders.nested())[:2] == ["level-diagram", "raw-levels"]
    assert "in a column per level of ward" in words(builders.nested(), "raw-levels")["alt"]


def test_raw_lines_of_sleepstudy():
    table = builders.sleep_table()
    slopes = [np.polyfit(part.Days, part.Reaction, 1)[0] for _, part in table.groupby("Subject")]
    assert (np.array(slopes) > 0).sum() == 17
    seen = words(builders.sleepstudy(), "raw-lines")["seen"]
    # Fixed slope 10.467 over 9 days.
    assert "rises by 94.2 from Days = 0 to 9" in seen
    assert "17 rise and 1 falls" in seen


def test_raw_lines_have_the_observed_means_of_the_arms():
    table = builders.sleep_table()
    table["arm"] = np.where(table["Subject"] % 2, "drug", "placebo")
    declared = Study(
        name="t", data="t.csv", outcome="Reaction", fixed="Days * arm", groups=["Subject"], time="Days", seed=1
    )
    with style.applied():
        fit = lmm.fit("Reaction ~ Days * arm + (1 | Subject)", table)
        (figure,) = raw_data.raw_data(Evidence.of(declared, fit, table))
    means = table.groupby(["arm", "Days"])["Reaction"].mean()
    for arm in ("drug", "placebo"):
        assert f"{arm} from {means[arm, 0]:.0f} to {means[arm, 9]:.0f}" in figure.seen
        assert f">{arm}<" in figure.drawing
    whole = table.groupby("Days")["Reaction"].mean()
    assert (
        f"Observed means: from {whole[0]:.0f} to {whole[9]:.0f}." in words(builders.sleepstudy(), "raw-lines")["seen"]
    )


def test_shrinkage_of_sleepstudy():
    table = builders.sleep_table()
    own = np.std([np.polyfit(part.Days, part.Reaction, 1)[0] for _, part in table.groupby("Subject")], ddof=1)
    model = builders.sleepstudy().diagnosis.fit.conditional_modes["Subject"]["Days"].std()
    seen = words(builders.sleepstudy(), "fit-over-data")["seen"]
    assert f"SD of {own:.2f}" in seen
    assert f"those of the model {model:.2f}" in seen
    assert f"pulled {100 * (1 - model / own):.0f}% of the way" in seen
    assert "fits worst in 332" in seen


def test_residuals_of_sleepstudy_name_the_row():
    figure = words(builders.sleepstudy(), "residuals-fitted")
    fit = builders.sleepstudy().diagnosis.fit
    standardised = fit.residuals / (fit.sigma * np.sqrt(1 - fit.leverage))
    row = int(np.argmax(np.abs(standardised)))
    # Line 1 of the file has the names of the columns.
    assert f"largest standardised residual is {standardised[row]:.2f}, at line {row + 2};" in figure["seen"]
    assert f"{(np.abs(standardised) > 3).sum()} rows of 180 lie beyond ±3" in figure["seen"]
    assert builders.sleepstudy().diagnosis.findings["residuals"][0]["line"] == row + 2


def test_long_tails_of_sleepstudy_are_a_concern():
    figure = words(builders.sleepstudy(), "residuals-normal")
    outside, usual = map(int, re.search(r"^(\d+) of the 180 .*?(\d+) or fewer would be usual", figure["seen"]).groups())
    assert outside > usual
    assert "Both tails are longer" in figure["concern"]
    assert "labelled rows" in figure["do"]


def test_random_effects_of_sleepstudy():
    # lme4: ranef(fm1)$Subject has −40.398 (309) and 34.890 (337), slopes −10.751 (335) and 9.1990 (308).
    seen = words(builders.sleepstudy(), "random-effects-1")["seen"]
    assert "from −40.4 (309) to 34.9 (337)" in seen
    assert "from −10.8 (335) to 9.20 (308)" in seen


def test_grid_of_penicillin():
    table = pandas.read_csv(builders.DATA / "penicillin.csv")
    spread = table.groupby("sample").diameter.mean()
    seen = words(builders.penicillin(), "raw-grid")["seen"]
    assert f"those of sample by up to {spread.max() - spread.min():.2f}" in seen
    assert "100% of the 144 combinations occur" in seen
    cells = table.pivot(index="plate", columns="sample", values="diameter")
    rest = cells.sub(cells.mean(axis=1), axis=0).sub(cells.mean() - cells.to_numpy().mean())
    share = 1 - (rest.to_numpy() ** 2).sum() / ((table.diameter - table.diameter.mean()) ** 2).sum()
    assert f"reproduces {100 * share:.0f}% of the variance" in seen


def test_a_variance_of_zero_leaves_figures_out_with_a_reason():
    omitted = {figure["name"]: figure["reason"] for figure in builders.without_variance().diagnosis.findings["omitted"]}
    assert {"residuals-fitted", "random-effects-1", "random-effects-normal-1"} <= set(omitted)
    assert "estimated as 0" in omitted["random-effects-1"]


def test_diagnosis_is_the_same_twice():
    finished = builders.sleepstudy()
    again = diagnose(finished.study, finished.decision, finished.table, finished.audit, finished.inference)
    assert again.figures == finished.diagnosis.figures
    assert again.findings == finished.diagnosis.findings


def test_the_final_fit_is_by_reml():
    fit = builders.sleepstudy().diagnosis.fit
    assert fit.reml
    # Bates et al. 2015, table 4.
    assert fit.deviance == pytest.approx(1743.628, abs=1e-3)


def made(seed, spread=lambda x: 1.0, bend=0.0, far=0.0):
    """A random-intercept data set, with a fault if asked for, and its evidence."""
    random = np.random.default_rng(seed)
    group, x = np.repeat(np.arange(30), 10), random.uniform(0, 1, 300)
    y = 4 * x + bend * (x - 0.5) ** 2 + random.normal(0, 0.5, 30)[group] + spread(x) * random.normal(0, 1, 300)
    y[17] += far
    table = pandas.DataFrame({"y": y, "x": x, "g": group.astype(str)}, index=pandas.RangeIndex(1, 301, name="line"))
    declared = Study(name="t", data="t.csv", outcome="y", fixed="x", groups=["g"], seed=seed)
    return Evidence.of(declared, lmm.fit("y ~ x + (1 | g)", table), table)


def concern(figure_of, evidence):
    with style.applied():
        figure = figure_of(evidence)
    assert isinstance(figure, DiagnosticFigure)
    return figure.concern


def test_sound_data_raise_no_alarm():
    alarms = [
        concern(figure_of, made(seed))
        for seed in range(10)
        for figure_of in (residuals.against_fitted, scale_location.scale_location, quantiles.residual_quantiles)
    ]
    # Each check is allowed a false alarm in about 1 data set of 100.
    assert sum(map(bool, alarms)) <= 2


def test_growing_spread_is_seen():
    evidence = made(1, spread=lambda x: 0.2 + 2 * x)
    assert "The spread of the residuals grows with the fitted value" in concern(scale_location.scale_location, evidence)


def test_a_missing_curve_is_seen():
    assert "bends away from zero" in concern(residuals.against_fitted, made(1, bend=30.0))


def test_a_single_row_far_out_is_seen_and_named():
    evidence = made(1, far=9.0)
    assert "single ones lie further out" in concern(quantiles.residual_quantiles, evidence)
    with style.applied():
        figure = residuals.against_fitted(evidence)
    assert "at line 18;" in figure.seen
    assert ">line 18</" in figure.drawing


def test_a_model_without_groups_has_no_lines_to_draw():
    table = builders.sleep_table()
    declared = Study(name="t", data="t.csv", outcome="Reaction", groups=["Subject"], seed=1)
    with style.applied():
        (figure,) = fit_over_data.fit_over_data(Evidence.of(declared, lmm.fit("Reaction ~ Days", table), table))
    assert isinstance(figure, OmittedFigure)


def test_large_data_are_thinned():
    random = np.random.default_rng(1)
    group = random.integers(0, 800, 20_000)
    table = pandas.DataFrame({"y": random.normal(size=800)[group] + random.normal(size=20_000), "g": group.astype(str)})
    found = builders.finish(table, outcome="y", groups=["g"]).diagnosis
    assert all(len(drawing) < 200_000 for drawing in found.figures.values())


def test_no_pyplot():
    code = "import sys, lmm.report, lmm.diagnose.diagnosis; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
