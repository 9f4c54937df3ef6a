# Writes effects_fixtures.json: marginal means, contrasts, simple slopes and standardised coefficients as R has them, for tests/infer.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript effects_fixtures.R
# R 4.2.2 with lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5-2, emmeans 1.8.4-1, mvtnorm 1.1-3, parameters 0.20.2, jsonlite
suppressMessages({library(lmerTest); library(emmeans); library(mvtnorm); library(parameters); library(jsonlite); library(splines)})
emm_options(pbkrtest.limit = 5000, lmerTest.limit = 1e5)
folder <- "../reference/data"
read <- function(name, levels, ordered = character()) {
  D <- read.csv(file.path(folder, name), colClasses = setNames(rep("character", length(levels)), names(levels)))
  for (column in names(levels)) D[[column]] <- factor(D[[column]], levels[[column]], ordered = column %in% ordered)
  D
}
ratpup <- read("ratpup.csv", list(sex = c("Male", "Female"), Treatment = c("Control", "Low", "High"), Litter = as.character(1:27)))
cake <- read("cake.csv", list(recipe = c("A", "B", "C"), temperature = as.character(seq(175, 225, 10)), replicate = as.character(1:15)), "temperature")
co2 <- read("co2.csv", list(Type = c("Quebec", "Mississippi"), Treatment = c("nonchilled", "chilled"), Plant = c("Qn1", "Qn2", "Qn3", "Qc1", "Qc3", "Qc2", "Mn3", "Mn2", "Mn1", "Mc2", "Mc3", "Mc1")))
oxboys <- read("oxboys.csv", list(Subject = as.character(1:26), Occasion = as.character(1:9)))
ergostool <- read("ergostool.csv", list(Type = paste0("T", 1:4), Subject = as.character(1:9)))
sleepstudy <- read("sleepstudy.csv", list(Subject = unique(read.csv(file.path(folder, "sleepstudy.csv"), colClasses = "character")$Subject)))

numbers <- function(x) {
  x <- as.data.frame(x)
  keep <- intersect(c("estimate", "emmean", "SE", "df", "lower.CL", "upper.CL", "t.ratio", "p.value", grep("trend$", names(x), value = TRUE)), names(x))
  c(list(labels = do.call(paste, lapply(x[setdiff(names(x), keep)], as.character))), lapply(x[keep], as.numeric))
}
both <- function(make) lapply(c(satterthwaite = "satterthwaite", `kenward-roger` = "kenward-roger"), make)
out <- list()

# every contrast and adjustment, unbalanced groups
m <- lmer(weight ~ sex * Treatment + Lsize + (1 | Litter), ratpup)
out$ratpup <- both(function(how) {
  means <- emmeans(m, ~ Treatment, lmer.df = how)
  cells <- emmeans(m, ~ sex * Treatment, lmer.df = how)
  list(proportional = numbers(emmeans(m, ~ Treatment, weights = "proportional", lmer.df = how)),
    at = numbers(emmeans(m, ~ Treatment | sex, at = list(Lsize = c(8, 14)), lmer.df = how)),
    tukey = numbers(summary(contrast(means, "pairwise", adjust = "tukey"), infer = c(TRUE, TRUE))),
    holm = numbers(summary(contrast(means, "pairwise", adjust = "holm"), infer = c(TRUE, TRUE))),
    bonferroni = numbers(summary(contrast(means, "pairwise", adjust = "bonferroni"), infer = c(TRUE, TRUE))),
    none = numbers(summary(contrast(means, "trt.vs.ctrl", ref = 2, adjust = "none"), infer = c(TRUE, TRUE))),
    consecutive = numbers(summary(contrast(means, "consec", adjust = "none"))),
    cells_tukey = numbers(summary(contrast(cells, "pairwise", adjust = "tukey"))),
    custom = numbers(summary(contrast(means, list(dose = c(-1, 0.5, 0.5))), infer = c(TRUE, TRUE))))
})
# Dunnett: the two-sided multivariate t probability with the contrasts' own correlations, each with its own df
dunnett <- function(means) {
  made <- contrast(means, "trt.vs.ctrl", adjust = "none")
  s <- summary(made); R <- cov2cor(vcov(made)); set.seed(1)
  p <- sapply(seq_len(nrow(s)), function(i) {
    c <- abs(s$t.ratio[i]); k <- nrow(s); d <- s$df[i]
    # mvtnorm takes whole df only; any other by the trapezoidal rule over the logarithm of the chi variable
    x <- seq(log(qchisq(1e-13, d) / d) / 2, log(qchisq(1e-14, d, lower.tail = FALSE) / d) / 2, length.out = 60)
    weight <- exp(d * x - d * expm1(2 * x) / 2)
    f <- sapply(exp(x), function(w) 1 - pmvnorm(rep(-c * w, k), rep(c * w, k), corr = R, algorithm = GenzBretz(abseps = 1e-7, maxpts = 2e6)))
    sum(weight * f) / sum(weight) })
  list(labels = as.character(s$contrast), p.value = p, correlation = unname(R))
}
out$dunnett <- list(ratpup = dunnett(emmeans(m, ~ Treatment)), cells = dunnett(emmeans(m, ~ sex * Treatment)),
  dunnettx = numbers(summary(contrast(emmeans(m, ~ sex * Treatment), "trt.vs.ctrl"))))
m <- lmer(effort ~ Type + (1 | Subject), ergostool)
out$dunnett$ergostool <- dunnett(emmeans(m, ~ Type))
equal <- list(c(2, 10), c(4, 10), c(9, 20), c(5, 60))
out$qmvt <- lapply(equal, function(a) { set.seed(1); R <- matrix(.5, a[1], a[1]); diag(R) <- 1
  list(k = a[1], df = a[2], q95 = qmvt(.95, tail = "both.tails", df = a[2], corr = R)$quantile) })
out$tails <- list(q = c(0.5, 2, 3.5, 6, 12), ptukey = lapply(list(c(2, 5), c(3, 10.5), c(6, 210), c(15, 24), c(4, 1e7)), function(a)
    list(k = a[1], df = a[2], p = ptukey(c(0.5, 2, 3.5, 6, 12), a[1], a[2], lower.tail = FALSE), q95 = qtukey(.95, a[1], a[2]))))

# ordered factor: polynomial contrasts
m <- lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake)
out$cake <- list(polynomial = numbers(summary(contrast(emmeans(m, ~ temperature), "poly", adjust = "none"))),
  by = numbers(summary(contrast(emmeans(m, ~ temperature | recipe), "poly", max.degree = 2, adjust = "none"))))
# a number that is a factor in the formula
m <- lmer(angle ~ recipe + factor(temp) + (1 | recipe:replicate), cake)
out$coerced <- numbers(emmeans(m, ~ temp))

# logarithm, and slopes in the covariate itself
m <- lmer(uptake ~ log(conc) * Type * Treatment + (1 | Plant), co2)
out$co2 <- both(function(how) {
  slopes <- emtrends(m, ~ Type * Treatment, var = "conc", delta.var = 1e-3, lmer.df = how)
  list(means = numbers(emmeans(m, ~ Type | Treatment, lmer.df = how)),
    at = numbers(emmeans(m, ~ Treatment | conc, at = list(conc = c(100, 800)), lmer.df = how)),
    slopes = numbers(slopes), pairs = numbers(summary(pairs(slopes))),
    slopes_by = numbers(emtrends(m, ~ Type, var = "conc", at = list(conc = 250), delta.var = 1e-3, lmer.df = how)))
})
# splines and polynomials
m <- lmer(height ~ ns(age, 3) + (1 | Subject), oxboys)
out$spline <- list(means = numbers(emmeans(m, ~ age, at = list(age = c(-0.5, 0, 0.75)), lmer.df = "kenward-roger")))
m <- lmer(height ~ poly(age, 3) + (1 | Subject), oxboys)
out$poly <- list(means = numbers(emmeans(m, ~ age, at = list(age = c(-0.5, 0, 0.75)), lmer.df = "kenward-roger")),
  slopes = numbers(emtrends(m, ~ age, var = "age", at = list(age = c(-0.5, 0, 0.75)), delta.var = 1e-6, lmer.df = "kenward-roger")))
# an empty cell
holed <- subset(ratpup, !(sex == "Female" & Treatment == "High"))
m <- lmer(weight ~ sex * Treatment + (1 | Litter), holed)
out$holed <- list(cells = numbers(emmeans(m, ~ sex * Treatment)), means = numbers(emmeans(m, ~ Treatment)))
# an offset
m <- lmer(Reaction ~ Days + offset(0.1 * w) + (1 | Subject), sleepstudy)
out$offset <- numbers(emmeans(m, ~ Days, at = list(Days = c(0, 9))))

# standardised coefficients
m <- lmer(weight ~ sex + Treatment + Lsize + (1 | Litter), ratpup)
standard <- function(m, ...) { s <- as.data.frame(suppressWarnings(standardize_parameters(m, ...))); setNames(as.list(s$Std_Coefficient), s$Parameter) }
out$standardised <- list(ratpup = list(basic = standard(m, method = "basic"), refit = standard(m, method = "refit"),
  posthoc2sd = standard(m, method = "posthoc", two_sd = TRUE)))
m <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
out$standardised$sleepstudy <- list(basic = standard(m, method = "basic"), pseudo = standard(m, method = "pseudo"))

write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", pretty = FALSE), "effects_fixtures.json")
