"""What a design holds: kinds of columns, missing values, weights and offsets, shared memory, labels of groups."""

import decimal

import numpy as np
import pandas as pd
import pytest

from lmm.formula import parse

rng = np.random.default_rng(1)


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "y": rng.normal(size=24),
            "x": rng.normal(size=24),
            "z": rng.exponential(size=24) + 0.1,
            "g": np.repeat([5, 3, 10, 4, 8, 2], 4),
            "h": list("cab") * 8,
        }
    )


def test_columns_equal_to_those_of_X_share_its_memory(table):
    design = parse("y ~ x + z + (x | g) + (1 | h) + (0 + z | h)").design(table)
    assert all(np.shares_memory(term.columns, design.X) for term in design.random)
    assert [term.columns.shape[1] for term in design.random] == [2, 1, 1]
    apart = parse("y ~ x + z + (z | g)").design(table).random[0]
    np.testing.assert_array_equal(apart.columns, np.column_stack([np.ones(24), table.z]))


def test_columns_of_X_are_contiguous(table):
    assert parse("y ~ x * h").design(table).X.flags.f_contiguous


def test_double_bars_give_a_term_per_column(table):
    design = parse("y ~ x + (x * h || g)").design(table)
    assert [term.names for term in design.random] == [
        ("(Intercept)",), ("x",), ("hb",), ("hc",), ("x:hb",), ("x:hc",)
    ]  # fmt: skip
    assert [term.expression for term in design.random][:3] == ["1", "0 + x", "0 + hb"]
    assert {term.group for term in design.random} == {"g"}
    np.testing.assert_array_equal(design.random[2].columns[:, 0], table.h == "b")
    np.testing.assert_array_equal(design.random[4].columns[:, 0], table.x * (table.h == "b"))
    without = parse("y ~ x + (0 + h || g)").design(table)
    assert [term.names for term in without.random] == [("ha",), ("hb",), ("hc",)]


@pytest.mark.parametrize(
    "dtype", ["int64", "int8", "uint16", "float32", "float64", "Int64", "Float64", "int32[pyarrow]"]
)
def test_numeric_groups_are_sorted_by_size_and_printed_as_whole_numbers(table, dtype):
    term = parse("y ~ (1 | g)").design(table.assign(g=table.g.astype(dtype))).random[0]
    assert term.levels == ("2", "3", "4", "5", "8", "10")
    np.testing.assert_array_equal([int(term.levels[code]) for code in term.codes], table.g)


def test_whole_numbers_beyond_float_precision_stay_apart(table):
    big = 2**60 + table.g
    term = parse("y ~ (1 | g)").design(table.assign(g=big)).random[0]
    assert term.levels == tuple(str(number) for number in sorted(set(big)))


def test_negative_and_small_integers(table):
    term = parse("y ~ (1 | g)").design(table.assign(g=np.repeat(np.int8([127, -128, 0, 5, -1, 90]), 4))).random[0]
    assert term.levels == ("-128", "-1", "0", "5", "90", "127")


def test_decimal_groups(table):
    term = parse("y ~ (1 | g)").design(table.assign(g=np.repeat([0.1 + 0.2, 0.3, 1.5, 2.0, -1.25, 1e20], 4))).random[0]
    assert term.levels == ("-1.25", "0.3", "1.5", "2", "1e+20")  # 0.1 + 0.2 and 0.3 print alike, as in R


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_odd_labels_stay_as_they_are(table, dtype):
    odd = [" lead", "a,b", "c:d", "e|f", "NaN", "(1|g)", "Ångé", "", "None", "308.0", "#%1", 'say "x"']
    term = parse("y ~ (1 | g)").design(table.assign(g=pd.Series(odd * 2).astype(dtype))).random[0]
    assert term.levels == tuple(sorted(odd))


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_a_missing_label_is_no_level(table, dtype):
    labels = pd.Series(["b", None, "a", np.nan] * 6, dtype=dtype)
    design = parse("y ~ x + (1 | g)").design(table.assign(g=labels))
    assert design.random[0].levels == ("a", "b")
    np.testing.assert_array_equal(design.rows, np.arange(0, 24, 2))
    np.testing.assert_array_equal(design.random[0].codes, [1, 0] * 6)


def test_missing_numbers_groups(table):
    table["g"] = table.g.where(table.g != 3)
    design = parse("y ~ (1 | g/h)").design(table)
    assert design.random[0].levels == ("2", "4", "5", "8", "10") and len(design.rows) == 20
    assert design.random[1].levels[:4] == ("2:a", "2:b", "2:c", "4:a")


def test_a_missing_value_in_any_variable_drops_the_row(table):
    table.loc[1, "y"] = np.nan
    table.loc[2, "x"] = np.nan
    table["h"] = table.h.where(table.index != 3)
    table["n"] = np.where(table.index == 4, np.nan, 1.0)
    table["unused"] = np.nan
    design = parse("y ~ x + (1 | g) + (0 + I(z - 1) | h) + offset(n)").design(
        table, weights=np.r_[[np.nan], np.ones(23)]
    )
    np.testing.assert_array_equal(design.rows, np.arange(5, 24))
    assert len(design.y) == len(design.X) == len(design.weights) == len(design.offset) == 19
    assert all(len(term.columns) == len(term.codes) == 19 for term in design.random)


def test_the_logarithm_of_a_negative_number_is_missing(table):
    design = parse("y ~ log(x) + (log(z) | g)").design(table)
    np.testing.assert_array_equal(design.rows, np.flatnonzero(table.x > 0))


def test_levels_of_dropped_rows_are_no_levels(table):
    table["h"] = pd.Categorical(table.h, ["unused", "c", "b", "a"])
    table.loc[table.h == "c", "x"] = np.nan
    design = parse("y ~ h + x + (1 | h)").design(table)
    assert design.names == ("(Intercept)", "ha", "x")
    assert design.random[0].levels == ("b", "a")


def test_functions_of_a_whole_column_look_at_rows_that_others_drop(table):
    table.loc[:3, "y"] = np.nan
    design = parse("y ~ scale(x) + poly(z, 2)").design(table)
    assert len(design.y) == 20
    np.testing.assert_allclose(design.X[:, 1], ((table.x - table.x.mean()) / table.x.std())[4:])
    everywhere = parse("x ~ poly(z, 2)").design(table).X[:, 1:]
    np.testing.assert_array_equal(design.X[:, 2:], everywhere[4:])


def test_functions_of_a_whole_column_leave_out_its_missing_values(table):
    table.loc[3, "x"] = np.nan
    design = parse("y ~ I(x - mean(x)) + scale(x) + bs(x, df = 4)").design(table)
    assert abs(design.X[:, 1:3].sum(axis=0)).max() < 1e-12 and len(design.y) == 23
    np.testing.assert_allclose(design.X[:, 2].std(ddof=1), 1)


@pytest.mark.parametrize(
    "column",
    [
        np.array([True, False] * 12),
        pd.array([True, False] * 12, dtype="boolean"),
        pd.Series([True, False] * 12, dtype=object),
        pd.Series([True, False] * 12, dtype="bool[pyarrow]"),
    ],
)
def test_true_and_false_are_rs_logical(table, column):
    design = parse("y ~ x * on + (0 + on | h)").design(table.assign(on=column))
    assert design.names == ("(Intercept)", "x", "onTRUE", "x:onTRUE")
    np.testing.assert_array_equal(design.X[:, 2], [1, 0] * 12)
    assert design.random[0].names == ("onFALSE", "onTRUE")


def test_a_logical_column_of_one_value_keeps_its_column(table):
    design = parse("y ~ on").design(table.assign(on=True))
    np.testing.assert_array_equal(design.X, np.ones((24, 2)))


def test_objects_that_are_numbers_are_numbers(table):
    for kind in (float, decimal.Decimal, np.float32):
        column = pd.Series([kind(1.5), None, kind(2)] * 8, dtype=object)
        design = parse("y ~ v").design(table.assign(v=column))
        assert design.names == ("(Intercept)", "v")
        np.testing.assert_array_equal(design.X[:, 1], [1.5, 2] * 8)


def test_categories_of_numbers_keep_their_order(table):
    design = parse("y ~ dose").design(table.assign(dose=pd.Categorical([2.0, 0.5, 10.0] * 8, [10.0, 2.0, 0.5])))
    assert design.names == ("(Intercept)", "dose2", "dose0.5")


def test_dates_group_rows_by_their_text(table):
    dates = pd.to_datetime(["2024-03-01", None, "2023-01-31"] * 8)
    design = parse("y ~ (1 | day)").design(table.assign(day=dates))
    assert design.random[0].levels == ("2023-01-31", "2024-03-01")


def test_names_of_columns_may_be_anything(table):
    table["log"] = table["I"] = table["C"] = table["TRUE"] = table["a b`c"] = table["größe"] = table["pi"] = table.x
    design = parse(
        "y ~ log + I(I * 2) + log(exp(log)) + C + `TRUE` + `a b\\`c` + größe + I(pi + 0) + (log | g)"
    ).design(table)
    assert design.names == (
        "(Intercept)", "log", "I(I * 2)", "log(exp(log))", "C", "`TRUE`", "`a b\\`c`", "größe", "I(pi + 0)"
    )  # fmt: skip
    np.testing.assert_allclose(design.X[:, 1:] / [1, 2, 1, 1, 1, 1, 1, 1], np.tile(table[["x"]], 8))


def test_pi_is_a_number_where_no_column_is_called_so(table):
    formula = parse("y ~ cos(2 * pi * x)")
    assert formula.variables == ("y", "x")
    np.testing.assert_allclose(formula.design(table).X[:, 1], np.cos(2 * np.pi * table.x))


def test_weights_and_offset_by_name_by_expression_and_by_array(table):
    formula = parse("y ~ x + offset(x)")
    by_name = formula.design(table, weights="z", offset="x")
    by_array = formula.design(table, weights=table.z, offset=table.x.to_numpy())
    by_text = formula.design(table, weights="z * 1", offset="2 * x - x")
    for design in (by_name, by_array, by_text):
        np.testing.assert_array_equal(design.weights, table.z)
        np.testing.assert_allclose(design.offset, 2 * table.x)
    assert parse("y ~ x").design(table).offset is None


def test_reference_level_by_name(table):
    design = parse('y ~ C(h, contr.treatment, base = "b")').design(table)
    assert design.names[1:] == ('C(h, contr.treatment, base = "b")a', 'C(h, contr.treatment, base = "b")c')
    np.testing.assert_array_equal(design.X[:, 1], table.h == "a")


@pytest.mark.parametrize(("spline", "columns"), [("cr(x, df = 4)", 4), ("cs(x, df = 3)", 3), ("cc(x, df = 4)", 4)])
def test_splines_of_formulaic(table, spline, columns):
    import formulaic

    design = parse(f"y ~ {spline}").design(table)
    theirs = formulaic.model_matrix(spline.replace(" ", "") + " - 1", table)
    np.testing.assert_allclose(design.X[:, 1:], theirs.to_numpy(), atol=1e-13)
    assert design.names[1:] == tuple(f"{spline}{k + 1}" for k in range(columns))


def test_an_unordered_index_does_not_matter(table):
    shuffled = table.set_index(np.arange(24)[::-1] * 7)
    a, b = (parse("y ~ x * h + (x | g)").design(data) for data in (table, shuffled))
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.rows, b.rows)


def test_a_series_with_the_index_of_the_data_is_an_array(table):
    for index in (np.arange(24)[::-1], np.zeros(24), np.repeat(list("ab"), 12)):
        data = table.set_axis(index)
        design = parse("y ~ x").design(data, weights=data.z, offset=data.x)
        np.testing.assert_array_equal(design.weights, table.z)
        np.testing.assert_array_equal(design.offset, table.x)


def test_a_repeated_index_is_no_matter(table):
    table.loc[3, "x"] = np.nan
    repeated = table.set_axis(["same"] * 24)
    a, b = (parse("y ~ x * h + (x | g)").design(data) for data in (table, repeated))
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(b.recipe.fixed(repeated.iloc[b.rows]), b.X)


def test_columns_of_one_name_do_no_harm_where_the_formula_does_not_use_them(table):
    twice = pd.concat([table, table[["z"]]], axis=1)
    np.testing.assert_array_equal(parse("y ~ x").design(twice).X[:, 1], table.x)


def test_a_missing_weight_leaves_out_its_row(table):
    for weights in (pd.array([1, None] * 12, dtype="Int64"), [1, None] * 12, np.array([1, np.nan] * 12)):
        np.testing.assert_array_equal(parse("y ~ x").design(table, weights=weights).rows, np.arange(0, 24, 2))


def test_offsets_add_up_whatever_they_are_called(table):
    design = parse("y ~ offset(x)").design(table, offset="offset(x)")
    np.testing.assert_array_equal(design.offset, 2 * table.x)


def test_large_numbers_and_integers_beyond_64_bits_are_numbers(table):
    design = parse("y ~ v + I(v > 2e30)").design(table.assign(v=pd.Series([10**30, 2 * 10**30, 3 * 10**30] * 8)))
    np.testing.assert_array_equal(design.X[:, 1:], [[1e30, 0], [2e30, 0], [3e30, 1]] * 8)
    np.testing.assert_array_equal(parse("y ~ v").design(table.assign(v=1e74 * table.x)).X[:, 1], 1e74 * table.x)


def test_the_data_are_left_alone(table):
    before = table.copy(deep=True)
    design = parse("y ~ x + poly(z, 2) + (x | g)").design(table)
    design.X[:] = 0
    pd.testing.assert_frame_equal(table, before)
