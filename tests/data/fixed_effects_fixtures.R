# Writes fixed_effects_fixtures.json: F tests of the fixed effects as lmerTest and pbkrtest have them, for tests/infer.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript fixed_effects_fixtures.R
# R 4.2.2 with lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5-2, jsonlite
suppressMessages({library(lmerTest); library(pbkrtest); library(jsonlite); library(splines)})
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
table_of <- function(a) list(term = column(rownames(a)), sumsq = column(a[["Sum Sq"]]), meansq = column(a[["Mean Sq"]]),
  numdf = column(a$NumDF), dendf = column(a$DenDF), F = column(a[["F value"]]), p = column(a[["Pr(>F)"]]))

# without: rows left out (R counts from 1), so that the layouts are unbalanced; cycle: a factor h of the row number modulo this
model <- function(name, table, formula, without = integer(), reml = TRUE, methods = c("Satterthwaite", "Kenward-Roger"), hypotheses = list(), drop = FALSE, cycle = NULL) {
  D <- read(table); if (!is.null(cycle)) D$h <- factor((seq_len(nrow(D)) - 1) %% cycle); if (length(without)) D <- droplevels(D[-without, ])
  m <- suppressMessages(suppressWarnings(lmer(as.formula(formula), D, REML = reml, control = tight)))
  assign("D", D, envir = globalenv())
  m@call$data <- quote(D); m@call$formula <- as.formula(formula); m@call$control <- tight
  tests <- lapply(setNames(methods, methods), function(how) {
    by_type <- lapply(c(I = "I", II = "II", III = "III"), function(type)
      tryCatch(table_of(suppressMessages(anova(m, type = type, ddf = how))), error = function(e) { message(name, ", type ", type, ": ", conditionMessage(e)); NULL }))
    joint <- lapply(hypotheses, function(h) { L <- do.call(rbind, h$L); t <- contestMD(m, L, rhs = h$rhs, ddf = how)
      list(L = L, rhs = column(h$rhs), numdf = t$NumDF, dendf = t$DenDF, F = t[["F value"]], p = t[["Pr(>F)"]]) })
    c(by_type, list(joint = joint), if (drop) list(drop1 = table_of(drop1(m, ddf = how))))
  })
  list(name = name, case = table, formula = formula, without = column(without - 1L), cycle = cycle, reml = reml, loglik = as.numeric(logLik(m)),
    coefficients = column(names(fixef(m))), tests = tests)
}
unit <- function(p, ...) lapply(c(...), function(i) replace(numeric(p), i, 1))

odd <- c(1, 6, 13, 17, 30, 31, 44, 58)
out <- list(
  model("unbalanced interaction", "ratpup", "weight ~ sex * Treatment + Lsize + (1 | Litter)", drop = TRUE,
    hypotheses = list(list(L = unit(7, 3, 4, 6), rhs = c(0.1, 0, -0.2)), list(L = c(unit(7, 2, 5), list(c(0, 0, 1, 0, 0, -1, 0))), rhs = 0), list(L = list(c(0, 1, 0, 0, 0, 0.5, 0)), rhs = 0))),
  model("by ML", "ratpup", "weight ~ sex * Treatment + Lsize + (1 | Litter)", reml = FALSE, methods = "Satterthwaite"),
  model("unbalanced split plot", "oats-factor", "yield ~ Variety * factor(nitro) + (1 | Block/Variety)", without = odd, drop = TRUE,
    hypotheses = list(list(L = unit(12, 2, 3), rhs = 0), list(L = unit(12, 4, 5, 6), rhs = 0))),
  model("empty cell", "oats-factor", "yield ~ Variety * factor(nitro) + (1 | Block)", without = c(4, 16, 28, 40, 52, 64)),
  model("factor with covariate", "orthodont-corr", "distance ~ age * Sex + (age | Subject)", without = c(3, 9, 10, 27, 66), drop = TRUE),
  model("factor with polynomial", "orthodont-corr", "distance ~ poly(age, 2) * Sex + (1 | Subject)", without = c(3, 9, 10, 27, 66)),
  model("factor with spline", "oxboys-quad", "height ~ ns(age, 3) + (age | Subject)", methods = "Satterthwaite"),
  model("two covariates", "hsb82", "mAch ~ meanses * cses * sector + (1 | school)", without = 1001:7185),
  model("ordered factor", "cake-ordered", "angle ~ recipe * temperature + (1 | recipe:replicate)", without = c(2, 3, 11, 40, 77, 101, 102, 103, 200, 201)),
  model("rank deficient", "cake-rankdef", "angle ~ recipe * temp + factor(temp) + (1 | recipe:replicate)", without = c(2, 3, 11, 40, 77, 101, 102, 103, 200, 201), drop = TRUE),
  model("crossed", "verbagg-crossed", "rnum ~ btype * situ + Gender + Anger + (1 | id) + (1 | item)", without = setdiff(1:7584, c(outer(1:40, 316 * (0:23), "+"))), drop = TRUE,
    hypotheses = list(list(L = unit(8, 2, 3, 4), rhs = 0))),
  model("crossed slopes", "verbagg-crossed", "rnum ~ btype + mode + (mode | id) + (1 | item)", without = setdiff(1:7584, c(outer(1:30, 316 * (0:23), "+")))),
  model("no intercept", "machines-noint", "score ~ 0 + Machine + (1 | Worker)", without = c(1, 2, 8, 23, 24, 40)),
  model("no intercept, interaction", "orthodont-corr", "distance ~ 0 + Sex + Sex:age + (1 | Subject)", without = c(3, 9, 10, 27, 66)),
  model("one factor", "machines-fslope", "score ~ Machine + (Machine | Worker)", without = c(1, 2, 8, 23, 24, 40)),
  model("singular", "early", "cog ~ tos * trt + (tos | id)", without = c(5, 6, 50, 51, 52, 200)),
  model("zero variance", "grouseticks", "log1p(TICKS) ~ YEAR * cHEIGHT + (1 | BROOD) + (1 | LOCATION)"),
  model("no variance of a factor", "orthodont-corr", "distance ~ age * Sex + (1 | Subject) + (1 | h)", without = c(3, 9, 10, 27, 66), cycle = 5),
  model("three factors", "co2-log", "uptake ~ factor(conc) + log(conc) * Type * Treatment + (1 | Plant)", without = c(4, 9, 30, 55)))
# pbkrtest forgets the weights; the same model of columns multiplied by their roots has none
W <- read("sleepstudy-weights"); roots <- sqrt(W$w)
W <- data.frame(y = roots * W$Reaction, one = roots, days = roots * W$Days, square = roots * W$Days^2, Subject = W$Subject)
m <- lmer(y ~ 0 + one + days + square + (0 + one + days | Subject), W, control = tight)
L <- cbind(0, diag(2))
weighted <- lapply(c(Satterthwaite = "Satterthwaite", `Kenward-Roger` = "Kenward-Roger"), function(how) {
  t <- contestMD(m, L, ddf = how); s <- coef(summary(m, ddf = how))
  list(numdf = t$NumDF, dendf = t$DenDF, F = t[["F value"]], p = t[["Pr(>F)"]], se = column(s[, "Std. Error"]), df = column(s[, "df"])) })
# many rows
D <- read("egsingle-3level"); m <- lmer(math ~ year * lowinc + black + hispanic + (1 | childid) + (1 | schoolid), D, control = tight)
s <- coef(summary(m, ddf = "Kenward-Roger"))
large <- list(names = column(rownames(s)), se = column(s[, "Std. Error"]), df = column(s[, "df"]), p = column(s[, "Pr(>|t|)"]))
out <- list(models = out, weighted = weighted, large = large)
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE, na = "null", null = "null"), "fixed_effects_fixtures.json")
