# Writes crossvalidation_fixtures.json: what a loop over folds with lme4 predicts of held-out rows, for tests/select.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript crossvalidation_fixtures.R
# R 4.2.2 with lme4 1.1-31, jsonlite
suppressMessages({library(lme4); library(jsonlite)})
folder <- "../reference/data"
read <- function(name, factors) {
  D <- read.csv(file.path(folder, name), colClasses = setNames(rep("character", length(factors)), factors))
  for (column in factors) D[[column]] <- factor(D[[column]])
  D
}
quiet <- function(x) suppressMessages(suppressWarnings(x))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), calc.derivs = FALSE)
loose <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nlev.gtr.1 = "ignore")

# All densities through the marginal covariance V of all rows, so that no random effect is ever predicted.
held_out <- function(formula, D, held, REML, weights = rep(1, nrow(D))) {
  train <- which(!held); test <- which(held)
  D$w <- weights
  m <- quiet(lmer(formula, D[train, ], REML = REML, weights = w, control = tight))
  laid <- quiet(lFormula(formula, D, control = loose))$reTrms
  laid$Lambdat@x <- getME(m, "theta")[laid$Lind]
  A <- as.matrix(laid$Lambdat %*% laid$Zt)
  V <- sigma(m)^2 * (crossprod(A) + diag(1 / weights))
  mean <- predict(m, D, re.form = NA)
  y <- D[[all.vars(formula)[1]]]
  list(m = m, V = V, mean = mean, r = y - mean, y = y, train = train, test = test)
}
new_group <- function(h) {
  V <- h$V[h$test, h$test]; r <- h$r[h$test]
  as.numeric(-0.5 * (length(r) * log(2 * pi) + determinant(V)$modulus + sum(r * solve(V, r))))
}
known_rows <- function(h, formula, D) {
  K <- h$V[h$test, h$train, drop = FALSE] %*% solve(h$V[h$train, h$train])
  mean <- as.numeric(h$mean[h$test] + K %*% h$r[h$train])
  stopifnot(all.equal(mean, as.numeric(predict(h$m, D[h$test, ])), tolerance = 1e-4))
  v <- diag(h$V)[h$test] - rowSums(K * h$V[h$test, h$train, drop = FALSE])
  cbind(mean, dnorm(h$y[h$test], mean, sqrt(v), log = TRUE))
}
in_new_groups <- function(formula, D, group, REML = TRUE, weights = rep(1, nrow(D))) {
  levels <- levels(D[[group]]); density <- c(); error <- rep(NA, nrow(D))
  for (level in levels) {
    h <- held_out(formula, D, D[[group]] == level, REML, weights)
    density <- c(density, new_group(h)); error[h$test] <- h$r[h$test]
  }
  list(levels = levels, log_density = density, log_score = sum(density), rmse = sqrt(mean(error^2)))
}
in_known_groups <- function(formula, D, REML = TRUE, fold = seq_len(nrow(D)), weights = rep(1, nrow(D))) {
  predicted <- density <- rep(NA, nrow(D)); y <- D[[all.vars(formula)[1]]]
  for (k in unique(fold[fold > 0])) {
    h <- held_out(formula, D, fold == k, REML, weights)
    found <- known_rows(h, formula, D)
    predicted[h$test] <- found[, 1]; density[h$test] <- found[, 2]
  }
  rows <- which(fold > 0)
  list(rows = rows - 1, predicted = predicted[rows], log_density = density[rows], log_score = sum(density[rows]),
    rmse = sqrt(mean((y - predicted)[rows]^2)))
}

sleep <- read("sleepstudy.csv", "Subject")
slopes <- c("Reaction ~ Days + (1 | Subject)", "Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (Days | Subject)")
out <- list(
  new_groups_ml = lapply(setNames(slopes, slopes), function(f) in_new_groups(as.formula(f), sleep, "Subject", FALSE)),
  new_groups_reml = lapply(setNames(slopes, slopes), function(f) in_new_groups(as.formula(f), sleep, "Subject")),
  known_groups = lapply(setNames(slopes, slopes), function(f) in_known_groups(as.formula(f), sleep)),
  last_occasion = in_known_groups(as.formula(slopes[3]), sleep, fold = as.integer(sleep$Days == 9)))

weight <- rep(c(1, 2, 5, 0.5), length.out = nrow(sleep))
out$weighted <- list(weights = weight, new_groups = in_new_groups(as.formula(slopes[3]), sleep, "Subject", weights = weight),
  known_groups = in_known_groups(as.formula(slopes[3]), sleep, fold = as.integer(sleep$Days %in% c(2, 7)), weights = weight))

pastes <- read("pastes.csv", c("batch", "cask"))
nested <- strength ~ 1 + (1 | batch) + (1 | batch:cask)
out$nested <- list(formula = "strength ~ 1 + (1 | batch/cask)", new_groups = in_new_groups(nested, pastes, "batch"),
  known_groups = in_known_groups(nested, pastes, fold = rep(1:3, length.out = nrow(pastes))))

penicillin <- read("penicillin.csv", c("plate", "sample"))
crossed <- diameter ~ 1 + (1 | plate) + (1 | sample)
out$crossed <- list(formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", new_groups = in_new_groups(crossed, penicillin, "plate"),
  known_groups = in_known_groups(crossed, penicillin, fold = seq_len(nrow(penicillin)) %% 5 + 1))

# Polynomial and means learnt by the training rows: predict() keeps them in the fit.
petrol <- read("petrol.csv", "No")
out$learnt <- list(formula = "Y ~ poly(EP, 2) + SG + VP + (1 | No)", new_groups = in_new_groups(Y ~ poly(EP, 2) + SG + VP + (1 | No), petrol, "No"))
orthodont <- read("orthodont.csv", c("Subject", "Sex"))
out$scaled <- list(formula = "distance ~ scale(age) + (scale(age) || Subject)",
  by = "distance ~ age + (age || Subject) with age centred and scaled by the training rows",
  known_groups = (function() {
    predicted <- density <- rep(NA, nrow(orthodont))
    for (age in c(8, 14)) {
      held <- orthodont$age == age
      D <- orthodont; D$age <- (D$age - mean(D$age[!held])) / sd(D$age[!held])
      found <- known_rows(held_out(distance ~ age + (age || Subject), D, held, TRUE), NULL, D)
      predicted[held] <- found[, 1]; density[held] <- found[, 2]
    }
    rows <- which(!is.na(predicted))
    list(rows = rows - 1, predicted = predicted[rows], log_density = density[rows])
  })())
write_json(out, "crossvalidation_fixtures.json", digits = 12, auto_unbox = TRUE, pretty = 1)
