"""How intervals of variances and fixed effects are found, by the names that `inference.intervals` has for it."""

PROFILE, WALD, BOOTSTRAP = "profile", "wald", "bootstrap"
