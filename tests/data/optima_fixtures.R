# Writes optima_fixtures.json: the local optima that lme4's deviance has on two small simulated tables, as nloptwrap
# meets them from sixty starts, for tests/select/test_attempts.py.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript optima_fixtures.R
# R 4.2.2 with lme4 1.1-31, jsonlite
suppressMessages({library(lme4); library(jsonlite)})
quiet <- function(x) suppressMessages(suppressWarnings(x))
loose <- lmerControl(check.nobs.vs.nRE = "ignore", calc.derivs = FALSE)
tight <- list(xtol_abs = 1e-10, ftol_abs = 1e-10, maxeval = 1e5)

lowest <- function(formula, csv, REML) {
  laid <- quiet(lFormula(formula, read.csv(csv), REML = REML, control = loose))
  deviance <- do.call(mkLmerDevfun, laid)
  lower <- laid$reTrms$lower
  set.seed(1)
  ends <- replicate(60, {
    start <- rnorm(length(lower)) * 10^runif(1, -1, 1)
    start[lower == 0] <- abs(start[lower == 0])
    nloptwrap(start, deviance, lower = lower, upper = rep(Inf, length(lower)), control = tight)$fval
  })
  list(formula = deparse(formula), data = csv, REML = REML, lowest = min(ends))
}
write_json(list(
  lowest(y ~ x + z + (x + z | g), "optima_three_effects.csv", FALSE),
  lowest(y ~ x + z + (x + z | g), "optima_three_effects.csv", TRUE),
  lowest(y ~ x + (x | g) + (x | h), "optima_crossed.csv", FALSE),
  lowest(y ~ x + (x | g) + (x | h), "optima_crossed.csv", TRUE)
), "optima_fixtures.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
