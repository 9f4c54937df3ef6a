"""Run declared steps over a small raw table."""

import pandas as pd
import pytest

from lmm import InputError
from lmm.clean import steps
from tests.clean.tables import a_study


def raw(**columns) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="line"))


def prepared(table: pd.DataFrame, *declared, **changes) -> steps.Prepared:
    return steps.run(a_study(steps=list(declared), **changes), table)


def refused(table: pd.DataFrame, *declared) -> str:
    with pytest.raises(InputError) as caught:
        prepared(table, *declared)
    return str(caught.value)
