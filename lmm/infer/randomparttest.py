"""The test of a random part by the null distribution that its comparison calls for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmm.errors import InputError
from lmm.infer.bootstraplrt import BootstrapTest, StatisticDraws, bootstrap_test, statistic_draws
from lmm.infer.exactlrt import ExactTest, added_variance, exact_test, has_exact_null
from lmm.infer.likelihoodratio import LikelihoodRatioTest, likelihood_ratio_test
from lmm.infer.nullchoice import APPROXIMATE, BOOTSTRAP, EXACT, LEAST_DRAWS, Comparison, NullChoice, choose_null

if TYPE_CHECKING:
    from lmm.model import Fit

# More failed draws than this share may be failures of a kind, so that the others are no sample of the null.
_MANY_FAILURES = 0.05


@dataclass(frozen=True)
class RandomPartTest:
    """The comparison of two random parts with its p-value and how that came about.

    Attributes:
        mixture: the likelihood ratio test by the large-sample law, with statistic, AIC and BIC.
        choice: which null distribution was taken, and why.
        p: by that distribution; None where there is none.
        standard_error: Monte Carlo standard error of p; None where nothing was simulated.
        exact: the exact or approximate test, where chosen. bootstrap: likewise.
        notes: what else has to be said of it.
    """

    mixture: LikelihoodRatioTest
    choice: NullChoice
    p: float | None
    standard_error: float | None
    exact: ExactTest | None
    bootstrap: BootstrapTest | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "mixture": self.mixture.to_dict(),
            "method": self.choice.method,
            "sentence": self.choice.sentence,
            "p": self.p,
            "standard_error": self.standard_error,
            "exact": self.exact and self.exact.to_dict(),
            "bootstrap": self.bootstrap and self.bootstrap.to_dict(),
            "notes": list(self.notes),
        }


def random_part_test(
    first: Fit,
    second: Fit,
    seed: int,
    draws: int = LEAST_DRAWS,
    parts: Sequence[StatisticDraws] | None = None,
    choose: Callable[[Comparison], NullChoice] = choose_null,
) -> RandomPartTest:
    """Test the random part by which two fits of the same fixed part differ; their order does not matter.

    Args:
        first, second: fits by one criterion, in this process.
        seed: where everything random starts.
        draws: bootstrap draws to spend where the large-sample law is in doubt; 0 for none.
        parts: those draws, where they were computed elsewhere (`bootstraplrt.statistic_draws`).
        choose: which null distribution a comparison gets.

    Raises:
        InputError: the fits cannot be compared, have different fixed effects, or were read from a file.
    """
    smaller, larger = sorted((first, second), key=lambda fit: fit.npar)
    mixture = likelihood_ratio_test(smaller, larger)
    if set(smaller.coefficients) != set(larger.coefficients):
        raise InputError(
            f"'{smaller.formula}' and '{larger.formula}' have different fixed effects, so they do not test a random "
            "part: use likelihood_ratio_test or a bootstrap likelihood ratio test of ML fits."
        )
    choice = choose(comparison_of(smaller, larger, mixture, draws))
    notes = [note for note in (mixture.reason,) if note and note != choice.sentence]
    exact = bootstrap = None
    p, standard_error = mixture.p, None
    if choice.method in (EXACT, APPROXIMATE):
        exact = exact_test(smaller, larger, seed)
        p, standard_error = exact.p, exact.standard_error
    elif choice.method == BOOTSTRAP:
        bootstrap = bootstrap_test(smaller, larger, parts or [statistic_draws(smaller, larger, 0, draws, seed)])
        notes += _notes_on(bootstrap)
        if bootstrap.p is None:
            notes.append("The p-value is that of the large-sample mixture instead.")
        else:
            p, standard_error = bootstrap.p, bootstrap.standard_error
    elif mixture.approximation:
        notes.append(mixture.approximation)
    return RandomPartTest(mixture, choice, p, standard_error, exact, bootstrap, tuple(notes))


def comparison_of(smaller: Fit, larger: Fit, mixture: LikelihoodRatioTest, draws: int) -> Comparison:
    """The facts on which `choose_null` decides."""
    term = added_variance(smaller, larger)
    return Comparison(
        null=None if mixture.null is None else str(mixture.null),
        interior=mixture.null is not None and len(mixture.null.df) == 1,
        mixture_p=mixture.p,
        reason=mixture.reason,
        one_variance=term is not None,
        other_variances=sum(len(term.names) for term in smaller.random),
        groups=_fewest_groups(smaller, larger),
        kinds_allow_exact=term is not None and has_exact_null(larger, term),
        draws=draws,
    )


def _fewest_groups(smaller: Fit, larger: Fit) -> int:
    """Levels of the grouping factor whose terms differ, the fewest of several."""
    before = {(term.group, term.names) for term in smaller.random}
    differing = [term.group for term in larger.random if (term.group, term.names) not in before]
    return min((larger.groups[group] for group in differing), default=0)


def _notes_on(bootstrap: BootstrapTest) -> list[str]:
    notes = [bootstrap.reason] if bootstrap.reason else []
    failed = sum(bootstrap.failed.values())
    if failed:
        causes = ", ".join(f"{cause}: {count}" for cause, count in bootstrap.failed.items())
        warning = ", so many that p is uncertain" if failed > _MANY_FAILURES * (failed + bootstrap.used) else ""
        notes.append(f"{failed} of {failed + bootstrap.used} draws failed ({causes}) and are left out{warning}.")
    return notes
