# Writes selection_fixtures.json: every mean that marginality allows, by maximum likelihood, and step paths, for tests/select.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript selection_fixtures.R
# R 4.2.2 with lme4 1.1-31, jsonlite
suppressMessages({library(lme4); library(jsonlite)})
folder <- "../reference"
cases <- fromJSON(file.path(folder, "public.json"), simplifyVector = FALSE)$cases
read <- function(id) {
  case <- Filter(function(one) one$id == id, cases)[[1]]
  D <- read.csv(file.path(folder, "data", case$data), colClasses = "character", na.strings = "")
  for (column in names(case$types)) {
    kind <- case$types[[column]]
    D[[column]] <- if (kind$type == "numeric") as.numeric(D[[column]]) else
      factor(D[[column]], if (is.null(kind$levels)) sort(unique(D[[column]]), method = "radix") else unlist(kind$levels), ordered = kind$type == "ordered")
  }
  D
}
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-10), calc.derivs = FALSE)
column <- function(x) I(unname(x))

# margins: of every term the terms it contains, by hand; held: terms that never move. Without an intercept in the formula
# the constant stays all the same where factors make it, so that no mean is compared with one of zero.
study <- function(name, id, outcome, margins, random, held = character(), intercept = TRUE, weights = NULL) {
  D <- read(id)
  D$prior <- if (is.null(weights)) 1 else D[[weights]]
  fit <- function(terms) suppressMessages(lmer(reformulate(c(if (length(terms)) terms else "1", random), outcome), D, weights = prior, REML = FALSE, control = tight))
  labels <- names(margins)
  subsets <- lapply(0:(2^length(labels) - 1), function(i) labels[bitwAnd(i, 2^(seq_along(labels) - 1)) > 0])
  subsets <- Filter(function(s) all(c(held, unlist(margins[s])) %in% s), subsets)
  n <- nrow(D)
  row <- function(terms) {
    m <- fit(terms); k <- attr(logLik(m), "df")
    list(terms = column(terms), npar = k, loglik = as.numeric(logLik(m)), AIC = AIC(m), BIC = BIC(m), AICc = AIC(m) + 2 * k * (k + 1) / (n - k - 1),
      BIC_groups = -2 * as.numeric(logLik(m)) + k * log(min(ngrps(m))))
  }
  means <- lapply(subsets, row)
  # lme4's own drop1, which knows the margins of factors and products
  backward_LRT <- function(alpha) { terms <- labels; path <- list()
    repeat { m <- fit(terms); assign("D", D, envir = globalenv()); m@call$data <- quote(D); m@call$formula <- formula(m); m@call$control <- tight
      d <- drop1(m, test = "Chisq"); d <- d[-1, , drop = FALSE]; d <- d[!rownames(d) %in% c(held, unlist(margins[terms])), , drop = FALSE]
      if (!nrow(d)) return(path)
      worst <- which.max(d[["Pr(Chi)"]]); p <- d[["Pr(Chi)"]][worst]
      path[[length(path) + 1]] <- list(term = rownames(d)[worst], statistic = d[["LRT"]][worst], df = d[["npar"]][worst], p = p, AIC = d[["AIC"]][worst])
      if (p < alpha) return(path)
      terms <- setdiff(terms, rownames(d)[worst]); if (!length(terms)) return(path) } }
  forward <- function(criterion) { terms <- held; path <- list()
    repeat { may <- Filter(function(l) !(l %in% terms) && all(margins[[l]] %in% terms), labels); if (!length(may)) return(path)
      values <- sapply(may, function(l) criterion(fit(c(terms, l)))); now <- criterion(fit(terms))
      if (min(values) >= now) return(path)
      path[[length(path) + 1]] <- list(term = may[which.min(values)], change = min(values) - now)
      terms <- c(terms, may[which.min(values)]) } }
  list(name = name, case = id, formula = paste(outcome, "~", paste(c(if (!intercept) "0", labels, random), collapse = " + ")), weights = if (is.null(weights)) NA else weights, n = n, means = means,
    backward_LRT = backward_LRT(.05), forward_AIC = forward(AIC), forward_BIC = forward(BIC))
}
none <- character()
out <- list(
  study("ratpup", "ratpup", "weight", list(sex = none, Treatment = none, Lsize = none, "I(Lsize^2)" = "Lsize", "sex:Treatment" = c("sex", "Treatment"),
    "sex:Lsize" = c("sex", "Lsize")), "(1 | Litter)"),
  study("hsb82", "hsb82", "mAch", list(meanses = none, cses = none, sector = none, sx = none, minrty = none, "meanses:cses" = c("meanses", "cses"),
    "cses:sector" = c("cses", "sector"), "sector:sx" = c("sector", "sx")), "(1 | school)"),
  study("cake", "cake-rankdef", "angle", list(recipe = none, temp = none, "I(temp^2)" = "temp", "recipe:temp" = c("recipe", "temp")), c("(1 | replicate)", "(1 | recipe:replicate)")),
  study("orthodont", "orthodont-corr", "distance", list(age = none, Sex = none, "I((age - 11)^2)" = "age", "age:Sex" = c("age", "Sex"),
    "Sex:I((age - 11)^2)" = c("Sex", "I((age - 11)^2)", "age", "age:Sex")), "(age | Subject)", held = "age"),
  study("weights", "sleepstudy-weights", "Reaction", list(Days = none, "I(Days^2)" = "Days", "I(Days^3)" = c("Days", "I(Days^2)")), "(1 | Subject)", weights = "w"),
  study("no intercept", "ratpup", "weight", list(sex = none, Treatment = none, Lsize = none, "sex:Treatment" = c("sex", "Treatment")), "(1 | Litter)", intercept = FALSE)
)
write(toJSON(list(studies = out), digits = NA, auto_unbox = TRUE, pretty = 1), "selection_fixtures.json")
