"""What a mixed-model fitter must get right, from papers and from algebra: no package decides here."""

import warnings
from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import FOLDER, read_table, reference_cases, reference_ladders

import lmm


def table(case: str) -> pd.DataFrame:
    """Return the table of a reference case."""
    return read_table(reference_cases()[case])


@pytest.fixture(scope="module")
def sleepstudy() -> pd.DataFrame:
    return table("sleepstudy-corr")


def standard_deviations(fit: lmm.Fit) -> dict[str, float]:
    """Return the standard deviations of a fit's random effects, named "effect | group"."""
    return {f"{name} | {term.group}": sd for term in fit.random for name, sd in zip(term.names, term.sd, strict=True)}


# --- Published numbers -----------------------------------------------------------------------------------------------


def test_sleepstudy_as_bates_and_others_2015_print_it(sleepstudy):
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
    assert fit.deviance == pytest.approx(1743.628, abs=5e-4)
    assert fit.beta == pytest.approx([251.405, 10.467], abs=5e-4)
    assert fit.se == pytest.approx([6.825, 1.546], abs=5e-4)
    assert fit.random[0].sd == pytest.approx([24.741, 5.922], abs=6e-4)
    assert fit.random[0].correlation[1, 0] == pytest.approx(0.066, abs=5e-4)
    assert fit.sigma == pytest.approx(25.592, abs=5e-4)


# Bates, lme4: Mixed-effects modeling with R (2010), and the conformance tests of MixedModels.jl.
@pytest.mark.parametrize(
    ("case", "formula", "reml", "deviance"),
    [
        ("dyestuff", "Yield ~ 1 + (1 | Batch)", False, 327.3270598811428),
        ("dyestuff", "Yield ~ 1 + (1 | Batch)", True, 319.65427684225216),
        ("dyestuff2", "Yield ~ 1 + (1 | Batch)", False, 162.87303665382575),
        ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", False, 332.18834867227616),
        ("pastes", "strength ~ 1 + (1 | batch) + (1 | batch:cask)", False, 247.99446586289676),
        ("sleepstudy-corr", "Reaction ~ Days + (Days | Subject)", False, 1751.9393444647046),
        ("sleepstudy-corr", "Reaction ~ Days + (Days || Subject)", False, 1752.0032551398835),
        ("sleepstudy-corr", "Reaction ~ Days + (0 + Days | Subject)", False, 1774.080315280528),
        ("cake-ordered", "angle ~ recipe * temperature + (1 | recipe:replicate)", True, 1638.621),
        ("insteval-full", "y ~ service + (1 | s) + (1 | d) + (1 | dept)", False, 237721.7687745563),
    ],
)
def test_published_deviances(case, formula, reml, deviance):
    assert lmm.fit(formula, table(case), reml=reml).deviance == pytest.approx(deviance, abs=6e-4)


# Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, sections 1.1 and 1.2.
@pytest.mark.parametrize(
    ("case", "formula", "between", "within"),
    [
        ("rail", "travel ~ 1 + (1 | Rail)", 24.805, 4.0208),
        ("ergostool", "effort ~ Type + (1 | Subject)", 1.3325, 1.1003),
    ],
)
def test_standard_deviations_of_pinheiro_and_bates_2000(case, formula, between, within):
    fit = lmm.fit(formula, table(case))
    assert fit.random[0].sd[0] == pytest.approx(between, rel=5e-5)
    assert fit.sigma == pytest.approx(within, rel=5e-5)


@pytest.mark.parametrize(("random", "deviance"), [("(1 | school)", 9357.24), ("(standLRT | school)", 9316.87)])
def test_exam_scores_as_mlwin_fits_them(random, deviance):
    exam = read_table(reference_ladders()["exam"])
    fit = lmm.fit(f"normexam ~ standLRT + {random}", exam, reml=False)
    assert fit.deviance == pytest.approx(deviance, abs=6e-3)


def test_penicillin_standard_deviations_by_maximum_likelihood():
    fit = lmm.fit("diameter ~ 1 + (1 | plate) + (1 | sample)", table("penicillin"), reml=False)
    assert standard_deviations(fit) == pytest.approx(
        {"(Intercept) | plate": 0.8455645948, "(Intercept) | sample": 1.7706477793}, rel=1e-5
    )
    assert fit.sigma**2 == pytest.approx(0.3024263988, rel=1e-5)
    assert fit.se == pytest.approx([0.7445960347], rel=1e-5)


# --- Closed forms ----------------------------------------------------------------------------------------------------


def mean_squares_between(y: np.ndarray, codes: np.ndarray) -> float:
    """Return the mean square between the levels of a balanced factor."""
    means = np.array([y[codes == level].mean() for level in np.unique(codes)])
    return y.size / means.size * ((means - y.mean()) ** 2).sum() / (means.size - 1)


def test_balanced_one_way_reml_is_the_analysis_of_variance():
    dyestuff = table("dyestuff")
    y, batch = dyestuff["Yield"].to_numpy(), dyestuff["Batch"].cat.codes.to_numpy()
    means = np.array([y[batch == level].mean() for level in range(6)])
    within = ((y - means[batch]) ** 2).sum() / (30 - 6)
    between = mean_squares_between(y, batch)

    fit = lmm.fit("Yield ~ 1 + (1 | Batch)", dyestuff)

    assert fit.sigma**2 == pytest.approx(within, rel=1e-7)
    assert fit.random[0].covariance[0, 0] == pytest.approx((between - within) / 5, rel=1e-7)
    assert fit.beta == pytest.approx([y.mean()])
    assert fit.se == pytest.approx([np.sqrt(between / 30)])


def test_balanced_crossed_reml_is_the_two_way_analysis_of_variance():
    penicillin = table("penicillin")
    y = penicillin["diameter"].to_numpy()
    plate, sample = (penicillin[name].cat.codes.to_numpy() for name in ("plate", "sample"))
    by_plate, by_sample = mean_squares_between(y, plate), mean_squares_between(y, sample)
    total = ((y - y.mean()) ** 2).sum()
    error = (total - 23 * by_plate - 5 * by_sample) / (144 - 1 - 23 - 5)

    fit = lmm.fit("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)

    assert fit.sigma**2 == pytest.approx(error, rel=1e-7)
    variances = {term.group: term.covariance[0, 0] for term in fit.random}
    assert variances["plate"] == pytest.approx((by_plate - error) / 6, rel=1e-6)
    assert variances["sample"] == pytest.approx((by_sample - error) / 24, rel=1e-6)


def test_balanced_split_plot_reml_is_its_analysis_of_variance():
    oats = table("oats-factor")
    y = oats["yield"].to_numpy()
    block, variety = (oats[name].cat.codes.to_numpy() for name in ("Block", "Variety"))
    nitro = oats["nitro"].rank(method="dense").to_numpy().astype(int) - 1
    array = np.empty((6, 3, 4))
    array[block, variety, nitro] = y
    plots, treatments = array.mean(2), array.mean(0)
    blocks = 12 * ((plots.mean(1) - y.mean()) ** 2).sum() / 5
    whole_plots = plots - plots.mean(1)[:, None] - plots.mean(0) + y.mean()
    whole_plot_error = 4 * (whole_plots**2).sum() / 10
    subplots = array - plots[:, :, None] - treatments + treatments.mean(1)[:, None]
    subplot_error = (subplots**2).sum() / 45

    fit = lmm.fit("yield ~ Variety * factor(nitro) + (1 | Block/Variety)", oats)

    variances = {frozenset(term.group.split(":")): term.covariance[0, 0] for term in fit.random}
    assert fit.sigma**2 == pytest.approx(subplot_error, rel=1e-7)
    assert variances[frozenset({"Block", "Variety"})] == pytest.approx((whole_plot_error - subplot_error) / 4, rel=1e-6)
    assert variances[frozenset({"Block"})] == pytest.approx((blocks - whole_plot_error) / 12, rel=1e-6)


def test_paired_t_is_the_random_intercept_t():
    ergostool = table("ergostool")
    pairs = ergostool[ergostool["Type"].isin(["T1", "T2"])].copy()
    pairs["Type"] = pairs["Type"].cat.remove_unused_categories()
    wide = pairs.pivot(index="Subject", columns="Type", values="effort")
    differences = (wide["T2"] - wide["T1"]).to_numpy()

    fit = lmm.fit("effort ~ Type + (1 | Subject)", pairs)

    assert not fit.singular
    paired_t = differences.mean() / (differences.std(ddof=1) / np.sqrt(differences.size))
    assert fit.beta[1] / fit.se[1] == pytest.approx(paired_t, rel=1e-7)


def test_balanced_growth_has_the_coefficients_of_least_squares(sleepstudy):
    ordinary = lmm.fit("Reaction ~ Days", sleepstudy)
    mixed = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
    assert mixed.beta == pytest.approx(ordinary.beta, rel=1e-9)


@pytest.mark.parametrize("reml", [False, True], ids=["ML", "REML"])
@pytest.mark.parametrize(
    ("case", "formula"),
    [
        ("sleepstudy-weights", "Reaction ~ Days + (Days | Subject)"),
        ("pastes", "strength ~ 1 + (1 | batch/cask)"),
        ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
        ("pixel-odd", "pixel ~ day + I(day^2) + (day | Dog) + (1 | Dog:Side)"),
    ],
)
def test_log_likelihood_is_that_of_the_normal_distribution_it_describes(case, formula, reml):
    rows = table(case)
    weights = rows["w"].to_numpy() if "w" in rows else np.ones(len(rows))
    fit = lmm.fit(formula, rows, reml=reml, weights="w" if "w" in rows else None)
    X = {
        "Reaction": lambda: np.column_stack([np.ones(len(rows)), rows["Days"]]),
        "strength": lambda: np.ones((len(rows), 1)),
        "diameter": lambda: np.ones((len(rows), 1)),
        "pixel": lambda: np.column_stack([np.ones(len(rows)), rows["day"], rows["day"] ** 2]),
    }[fit.outcome]()
    V = np.diag(fit.sigma**2 / weights)
    for term in fit.random:
        columns = [np.ones(len(rows)) if name == "(Intercept)" else rows[name] for name in term.names]
        Z = np.column_stack(columns)
        labels = rows[term.group.split(":")].astype(str).agg(":".join, axis=1).to_numpy()
        V += (Z @ term.covariance @ Z.T) * (labels[:, None] == labels[None, :])
    residual = rows[fit.outcome].to_numpy() - X @ fit.beta
    minus_twice = len(rows) * log(2 * np.pi) + np.linalg.slogdet(V)[1] + residual @ np.linalg.solve(V, residual)
    if reml:
        information = X.T @ np.linalg.solve(V, X)
        minus_twice += np.linalg.slogdet(information)[1] - X.shape[1] * log(2 * np.pi)
    assert fit.deviance == pytest.approx(minus_twice, abs=1e-7)


# --- Known traps -----------------------------------------------------------------------------------------------------


def test_the_optimum_does_not_depend_on_the_units(sleepstudy):
    rescaled = sleepstudy.assign(Reaction=sleepstudy["Reaction"] * 1e6, Days=sleepstudy["Days"] * 1e-6)
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
    same = lmm.fit("Reaction ~ Days + (Days | Subject)", rescaled)
    # n − p residual degrees of freedom scale with y, one column of X with x.
    jacobian = 2 * (180 - 2) * log(1e6) + 2 * log(1e-6)
    assert same.deviance == pytest.approx(fit.deviance + jacobian, abs=1e-6)
    assert same.deviance == pytest.approx(6634.319, abs=5e-4)
    assert same.random[0].sd == pytest.approx(fit.random[0].sd * [1e6, 1e12], rel=1e-5)


@pytest.mark.parametrize("shift", [1e3, 1e6])
def test_the_optimum_does_not_depend_on_the_origin(sleepstudy, shift):
    shifted = sleepstudy.assign(Days=sleepstudy["Days"] + shift)
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
    same = lmm.fit("Reaction ~ Days + (Days | Subject)", shifted)
    assert same.deviance == pytest.approx(fit.deviance, abs=1e-5)
    assert same.random[0].sd[1] == pytest.approx(fit.random[0].sd[1], rel=1e-5)
    assert same.beta[1] == pytest.approx(fit.beta[1], rel=1e-7)


@pytest.mark.parametrize(("origin", "deviance"), [(0, 1752.0), (4.5, 1762.4), (10, 1779.0)])
def test_uncorrelated_slopes_do_depend_on_the_origin(sleepstudy, origin, deviance):
    shifted = sleepstudy.assign(Days=sleepstudy["Days"] - origin)
    fit = lmm.fit("Reaction ~ Days + (Days || Subject)", shifted, reml=False)
    assert fit.deviance == pytest.approx(deviance, abs=0.05)
    correlated = lmm.fit("Reaction ~ Days + (Days | Subject)", shifted, reml=False)
    assert correlated.deviance == pytest.approx(1751.94, abs=0.005)


def test_reused_labels_are_not_nested_unless_said_so():
    pastes = table("pastes")
    assert lmm.fit("strength ~ 1 + (1 | batch) + (1 | cask)", pastes, reml=False).deviance == pytest.approx(
        302.6, abs=0.05
    )
    assert lmm.fit("strength ~ 1 + (1 | batch/cask)", pastes, reml=False).deviance == pytest.approx(248.0, abs=0.05)


def test_reml_criteria_of_different_fixed_effects_depend_on_units_and_ml_does_not(sleepstudy):
    hours = sleepstudy.assign(Days=sleepstudy["Days"] * 24)

    def ratio(rows, reml):
        null = lmm.fit("Reaction ~ 1 + (1 | Subject)", rows, reml=reml)
        return null.deviance - lmm.fit("Reaction ~ Days + (1 | Subject)", rows, reml=reml).deviance

    assert ratio(sleepstudy, reml=True) == pytest.approx(117.86, abs=0.005)
    assert ratio(hours, reml=True) == pytest.approx(111.51, abs=0.006)
    assert ratio(sleepstudy, reml=False) == pytest.approx(116.46, abs=0.005)
    assert ratio(hours, reml=False) == pytest.approx(116.46, abs=0.005)


@pytest.mark.parametrize("reml", [False, True], ids=["ML", "REML"])
def test_a_variance_of_zero_is_a_result_that_says_so(reml):
    fit = lmm.fit("Yield ~ 1 + (1 | Batch)", table("dyestuff2"), reml=reml)
    assert fit.converged
    assert fit.singular
    assert fit.random[0].sd[0] < 1e-4 * fit.sigma
    assert any("Batch" in sentence for sentence in fit.collapsed)


def exactly_correlated_slopes() -> pd.DataFrame:
    """Return groups whose intercepts and slopes lie on a line, with residuals orthogonal to both.

    The least-squares lines of the groups then vary in one direction only, so the best covariance has rank one.
    """
    random = np.random.default_rng(1)
    time = np.arange(6.0)
    design = np.column_stack([np.ones(6), time])
    residual_maker = np.eye(6) - design @ np.linalg.pinv(design)
    rows = []
    for group in range(20):
        intercept = random.normal(0, 2)
        line = intercept + 0.5 * intercept * time
        y = 3 + time + line + residual_maker @ random.normal(0, 1, 6)
        rows.append(pd.DataFrame({"y": y, "time": time, "g": f"g{group}"}))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("reml", [False, True], ids=["ML", "REML"])
def test_perfectly_correlated_slopes_are_singular_and_say_so(reml):
    fit = lmm.fit("y ~ time + (time | g)", exactly_correlated_slopes(), reml=reml)
    assert fit.converged
    assert fit.singular
    assert fit.random[0].correlation[1, 0] == pytest.approx(1, abs=1e-6)
    assert len(fit.collapsed) == 1
    assert "g" in fit.collapsed[0] and "time" in fit.collapsed[0]


@pytest.mark.parametrize(
    ("case", "best", "other"),
    [
        ("pixel-odd", 825.2102, 833.8592),
        ("orange-raw", 298.3573, 298.5877),
        ("loblolly", 214.4887, 216.2249),
        ("co2-log", 446.5894, 447.3097),
    ],
)
def test_the_lower_of_two_local_optima(case, best, other):
    reference = reference_cases()[case]
    fit = lmm.fit(reference["formula"], table(case), reml=reference["REML"])
    assert fit.deviance == pytest.approx(best, abs=1e-4)
    assert fit.deviance < other


def test_rank_deficient_columns_go_by_place_and_are_named():
    fit = lmm.fit("angle ~ recipe * temp + factor(temp) + (1 | recipe:replicate)", table("cake-rankdef"), reml=False)
    assert fit.dropped_columns == ("factor(temp)225",)
    assert "temp" in fit.coefficients


def test_a_missing_group_is_a_missing_row_and_no_level(sleepstudy):
    blanked = sleepstudy.copy()
    blanked["Subject"] = blanked["Subject"].astype(object)
    blanked.loc[[0, 57], "Subject"] = None
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", blanked)
    without = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy.drop(index=[0, 57]))
    assert (fit.n, fit.n_dropped, fit.groups) == (178, 2, {"Subject": 18})
    assert fit.deviance == pytest.approx(without.deviance, abs=1e-9)


# --- Invariances -----------------------------------------------------------------------------------------------------

MODELS = {
    "one factor": "y ~ x + (x | g)",
    "crossed": "y ~ x + (x | g) + (1 | h)",
    "nested": "y ~ x + (1 | g/h)",
    "uncorrelated": "y ~ x + (x || g)",
}
each_model = pytest.mark.parametrize("formula", MODELS.values(), ids=MODELS)
some_tables = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = st.integers(0, 2**32 - 1)
finite = st.floats(-50, 50).filter(lambda value: abs(value) > 0.05)


def unbalanced(seed: int) -> pd.DataFrame:
    """Return a small unbalanced table with effects of every kind the models have."""
    random = np.random.default_rng(seed)
    g, h = random.integers(0, 9, 120), random.integers(0, 4, 120)
    x = random.normal(0, 1, 120)
    by_g, by_h = random.normal(0, [1.5, 0.8], (9, 2)), random.normal(0, 0.7, (9, 4))
    y = 2 + x + by_g[g, 0] + by_g[g, 1] * x + by_h[0, h] + by_h[g, h] + random.normal(0, 1, 120)
    w = random.uniform(0.5, 2.0, 120)
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{i}" for i in g], "h": [f"h{i}" for i in h], "w": w})


def assert_same_model(fit: lmm.Fit, same: lmm.Fit, shift: float = 0.0) -> None:
    """Assert equal deviances (but for a known shift), standard deviations and fixed effects."""
    assert same.deviance == pytest.approx(fit.deviance + shift, abs=1e-6)
    assert same.beta == pytest.approx(fit.beta, rel=1e-4, abs=1e-5)
    assert same.sigma == pytest.approx(fit.sigma, rel=1e-4)
    expected = standard_deviations(fit)
    assert standard_deviations(same) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@each_model
@given(seed=seeds)
@some_tables
def test_row_order_does_not_matter(formula, seed):
    rows = unbalanced(seed)
    shuffled = rows.sample(frac=1.0, random_state=seed)
    fit, same = lmm.fit(formula, rows, weights="w"), lmm.fit(formula, shuffled, weights="w")
    assert_same_model(fit, same)
    back = np.argsort(shuffled.index.to_numpy())
    assert np.asarray(same.fitted)[back] == pytest.approx(fit.fitted, abs=1e-3)


@each_model
@given(seed=seeds, reml=st.booleans())
@some_tables
def test_names_of_levels_do_not_matter(formula, seed, reml):
    rows = unbalanced(seed)
    random = np.random.default_rng(seed)
    names = [" a", "b:c", "1|x", "NaN", "Å", "0", "日本", "-", "~"]
    relabelled = rows.assign(
        g=rows["g"].map(dict(zip(sorted(set(rows["g"])), random.permutation(names), strict=False)))
    )
    assert_same_model(lmm.fit(formula, rows, reml=reml), lmm.fit(formula, relabelled, reml=reml))


@each_model
@given(seed=seeds, reml=st.booleans(), a=finite, b=finite)
@some_tables
def test_a_linear_change_of_the_outcome_only_rescales(formula, seed, reml, a, b):
    rows = unbalanced(seed)
    fit = lmm.fit(formula, rows, reml=reml)
    changed = lmm.fit(formula, rows.assign(y=a + b * rows["y"]), reml=reml)
    degrees = 120 - (2 if reml else 0)
    assert changed.deviance == pytest.approx(fit.deviance + 2 * degrees * log(abs(b)), abs=1e-6)
    assert changed.beta == pytest.approx(np.array([a, 0]) + b * fit.beta, rel=1e-4, abs=1e-4)
    assert changed.sigma == pytest.approx(abs(b) * fit.sigma, rel=1e-4)


@pytest.mark.parametrize("formula", [MODELS["one factor"], MODELS["crossed"]], ids=["one factor", "crossed"])
@given(seed=seeds, reml=st.booleans(), c=finite, d=finite)
@some_tables
def test_a_linear_change_of_a_predictor_with_correlated_slopes_changes_no_fitted_value(formula, seed, reml, c, d):
    rows = unbalanced(seed)
    fit = lmm.fit(formula, rows, reml=reml)
    changed = lmm.fit(formula, rows.assign(x=c + d * rows["x"]), reml=reml)
    shift = 2 * log(abs(d)) if reml else 0.0
    assert changed.deviance == pytest.approx(fit.deviance + shift, abs=1e-6)
    assert changed.fitted == pytest.approx(fit.fitted, abs=1e-3)
    assert changed.beta[1] * d == pytest.approx(fit.beta[1], rel=1e-4, abs=1e-5)


@each_model
@given(seed=seeds, reml=st.booleans(), k=st.floats(0.01, 100))
@some_tables
def test_only_ratios_of_weights_matter(formula, seed, reml, k):
    rows = unbalanced(seed)
    fit = lmm.fit(formula, rows, reml=reml, weights="w")
    changed = lmm.fit(formula, rows.assign(w=k * rows["w"]), reml=reml, weights="w")
    assert changed.deviance == pytest.approx(fit.deviance, abs=1e-6)
    assert changed.sigma == pytest.approx(np.sqrt(k) * fit.sigma, rel=1e-4)
    assert standard_deviations(changed) == pytest.approx(standard_deviations(fit), rel=1e-3, abs=1e-3)


@each_model
@given(seed=seeds, reml=st.booleans(), shift=finite)
@some_tables
def test_an_offset_is_the_same_as_taking_it_from_the_outcome(formula, seed, reml, shift):
    rows = unbalanced(seed)
    rows["known"] = shift * rows["x"] ** 2
    fit = lmm.fit(formula, rows.assign(y=rows["y"] + rows["known"]), reml=reml, offset="known")
    assert_same_model(lmm.fit(formula, rows, reml=reml), fit)


def test_the_reference_tables_are_complete():
    used = {case["data"] for case in [*reference_cases().values(), *reference_ladders().values()]}
    assert used <= {file.name for file in (FOLDER / "data").iterdir()}


def test_fitting_warns_of_nothing(sleepstudy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
        lmm.fit("Yield ~ 1 + (1 | Batch)", table("dyestuff2"))
