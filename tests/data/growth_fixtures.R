# Writes growth_fixtures.json: growth curves as lme4 fits them, written by hand, for tests/test_study_growth.py.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript growth_fixtures.R
# R 4.2.2 with lme4 1.1-31, splines, jsonlite
suppressMessages({library(lme4); library(splines); library(jsonlite)})
read <- function(name, factors) {
  D <- read.csv(file.path("../reference/data", name), colClasses = setNames(rep("character", length(factors)), names(factors)))
  for (column in names(factors)) D[[column]] <- factor(D[[column]], factors[[column]])
  D
}
oxboys <- read("oxboys.csv", list(Subject = as.character(1:26)))
orthodont <- read("orthodont.csv", list(Subject = unique(read.csv("../reference/data/orthodont.csv")$Subject), Sex = c("Male", "Female")))
bodyweight <- read("bodyweight.csv", list(Rat = as.character(1:16), Diet = c("1", "2", "3")))
# the first segment ends at day 36; `later` has the days after it, made by hand
bodyweight$before <- ifelse(bodyweight$Time < 36, bodyweight$Time, 36)
bodyweight$after <- ifelse(bodyweight$Time < 36, 0, bodyweight$Time - 36)

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), calc.derivs = FALSE)
numbers <- function(formula, data) lapply(c(ML = FALSE, REML = TRUE), function(reml) {
  m <- suppressMessages(lmer(formula, data, REML = reml, control = tight))
  list(loglik = as.numeric(logLik(m)), npar = attr(logLik(m), "df"), coefficients = as.list(fixef(m)),
    sd = unname(attr(VarCorr(m)[[1]], "stddev")), sigma = sigma(m))
})
out <- list(
  linear = numbers(distance ~ age * Sex + (age | Subject), orthodont),
  origin = numbers(distance ~ (I(age - 11) + I((age - 11)^2)) * Sex + (I(age - 11) | Subject), orthodont),
  spline = numbers(height ~ ns(age, df = 3) + (ns(age, df = 3) | Subject), oxboys),
  spline_line = numbers(height ~ ns(age, df = 3) + (age | Subject), oxboys),
  knots = numbers(height ~ ns(age, knots = c(-0.5, 0.5)) + (age | Subject), oxboys),
  piecewise = numbers(weight ~ (Time + pmax(Time - 36, 0)) * Diet + (Time + pmax(Time - 36, 0) | Rat), bodyweight),
  segments = numbers(weight ~ (before + after) * Diet + (before + after | Rat), bodyweight))
write_json(out, "growth_fixtures.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
