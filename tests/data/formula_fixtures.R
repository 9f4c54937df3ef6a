# Writes formula_fixtures.json: what R and lme4 make of formulas, for tests/formula/test_agreement_with_r.py.
# Run in this folder: OPENBLAS_NUM_THREADS=1 Rscript formula_fixtures.R   (R 4.2.2, lme4 1.1-31, jsonlite)
suppressMessages({library(lme4); library(jsonlite); library(splines)})
invisible(Sys.setlocale("LC_CTYPE", "C.UTF-8")); invisible(Sys.setlocale("LC_COLLATE", "C"))  # text is sorted by code point
set.seed(20261122)
n <- 24
table <- data.frame(
  x = round(rnorm(n), 3), z = round(rexp(n) + 0.1, 3), k = rep(c(10L, 2L, 7L), 8),
  a = sample(rep(c("r", "p", "q"), 8)), b = rep(c("v", "u"), 12), B = rep(c("b", "B", "a"), each = 8),
  t = sample(rep(c("lo", "mid", "hi", "top"), 6)), l = rep(c(TRUE, FALSE, FALSE), 8),
  g = rep(c("g3", "g1", "g2", "g10"), 6), h = rep(1:3, each = 8), f = sample(rep(c("one", "two"), 12)), w = round(runif(n) + 0.5, 2),
  check.names = FALSE)
table$y <- round(rnorm(n) + table$x, 3)
table$`my col` <- round(rnorm(n), 3)
table$`my fac` <- rep(c("one two", "three:four"), 12)
table[["\u00e9t\u00e9"]] <- round(rnorm(n), 3)
table$gap <- table$x; table$gap[c(2, 9)] <- NA
levels_of <- list(t = c("lo", "mid", "hi", "top"), f = c("unused", "two", "one"), g = c("g3", "g1", "g2", "g10", "unused"))
D <- table
D$t <- factor(D$t, levels_of$t, ordered = TRUE)
D$g <- factor(D$g, levels_of$g)
D$f <- factor(D$f, levels_of$f)
lax <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore",
                   check.nlev.gtr.1 = "ignore", check.scaleX = "ignore", check.rankX = "ignore")

fixed <- c("1", "0", "f", "0 + f:x", "-1 + x", "x - 1", "0 + x + a", "0 + a + x", "a + 0 + 1", "a", "t", "l", "0 + l", "k", "B", "x:z", "x * z",
  "a * b", "a:b", "0 + a:b", "b:a + a", "a / b", "a + b %in% a", "(a + b + x)^2", "(a + b + x)**2 - a:b", "a * b * x - a:b:x",
  "a * b - a", "x:a", "a + x:a", "0 + x + x:a", "0 + x:a", "a:x + b:x", "t:a", "0 + t + a", "t * x", "l * a", "l:a", "x:a:b",
  "a:b:x + x", "x + x:x", "x^2", "x * z / a", "a * (x + z)", "-a + x + b", "1 + x - x", "(x)", "((x + a))", "b + a + b:a + x:b",
  "I(x^2)", "I(-x)", "I((x + 1) * 2)", "I(x/z - 1)", "I(x > 0)", "I(a == \"p\")", "I(x^2) * t", "(x > 0)", "x + I(1e5 * z) + I(x*0.00001)",
  "log(z)", "log(z, 2)", "log2(z) + log10(z) + log1p(z)", "exp(-x) + sqrt(z) + abs(x)", "round(x, 1) + floor(z) + ceiling(z) + sign(x)",
  "ifelse(x > 0, z, 0) + pmin(x, 0) + pmax(x, z)", "log(x)", "gap", "log(gap) + a",
  "poly(x, 1)", "poly(x, 3)", "poly(x, 2, raw = TRUE)", "poly(x, degree = 2, raw=T)", "poly(x, 2):a", "a:poly(x, 2)", "poly(log(z), 2)",
  "scale(x)", "scale(x, scale = FALSE)", "scale(x, center = FALSE)", "z * scale(log(z))", "scale(gap)",
  "bs(x)", "bs(x, df = 5)", "bs(x, knots = c(-0.5, 0.5), degree = 2)", "splines::bs(z, df = 4, intercept = TRUE)",
  "ns(x, 3)", "ns(x, df = 1)", "ns(z, knots = c(0.5, 1.5))", "ns(x, df = 4, intercept = TRUE)", "ns(x, df = 2, Boundary.knots = c(-1, 1))",
  "factor(k)", "as.factor(k) * b", "0 + factor(k)", "ordered(k)", "factor(k, levels = c(7, 2, 10))", "factor(k, labels = c(\"A\", \"B\", \"C\"))",
  "factor(a, levels = c(\"q\", \"p\"))", "relevel(factor(a), ref = \"q\")", "as.numeric(l) + as.integer(z)",
  "C(t, contr.treatment)", "C(t, contr.treatment, base = 2)", "C(t, contr.sum) * b", "C(t, helmert)", "C(t, sum)", "C(t, \"contr.SAS\")", "C(t, SAS)", "C(t, contr.SAS)", "C(t, treatment, base = 3)", "C(factor(a), treatment)",
  "C(factor(a), \"contr.treatment\", base = 2)", "C(factor(a), contr.poly, scores = c(1, 2, 4))", "C(t)", "C(f) + x",
  "C(factor(a), contr.poly)", "C(factor(a), contr.helmert):x", "0 + C(t, contr.sum)", "a:C(t, contr.sum)",
  "`my col` * `my fac`", "I(`my col`^2) + `my fac`:x", "\u00e9t\u00e9 + x:\u00e9t\u00e9", "x + offset(z)", "offset(log(z)) + a + offset(x)")

outcomes <- c("y", "log(z)", "log1p(z) - x", "y/10", "I(y^2)", "-y", "(y + z) * 2")
random <- c("(x | g)", "(x || g)", "(0 + x | g)", "(x - 1 | g)", "(-1 + x + z | g)", "((x | g))", "(1 | g/h)", "(x | g/h)", "(1 | h/b/l)",
  "(1 | g:h)", "(1 | h:g)", "(1 | b:g:h)", "(x * z | h)", "(x + z || h)", "(a | h)", "(0 + a | h)", "(t | b)", "(l | g)", "(0 + l | g)", "(x:a | b)",
  "(poly(x, 2) | g)", "(I(x^2) | g)", "(1 + x + I(x^2) | g)", "(log(z) | g)", "(1 | k)", "(1 | B)", "(1 | l)", "(gap | g)", "(`my col` | `my fac`)",
  "(1 | g) + (0 + x | g) + (1 | h)", "(x | g) + (z | h) + (1 | g:h)", "(x^2 | g)", "(scale(x) | g)", "(a * x | b)", "(0 + a:x | b)")

lf <- function(text, data = D) suppressWarnings(lFormula(as.formula(text), data, control = lax))
# lme4 leaves offset() columns to the model frame
offset_of <- function(frame) { o <- model.offset(frame); if (is.null(o)) NULL else unname(o) }
fixed_case <- function(right, left = "y") {
  r <- lf(paste(left, "~", right, "+ (1 | b)")); X <- r$X
  list(formula = paste(left, "~", right), names = I(as.character(colnames(X))), term = I(as.integer(attr(X, "assign"))),
       X = unname(as.matrix(X)), outcome = if (left != "y") unname(as.numeric(model.response(r$fr))),
       dropped = I(setdiff(seq_len(nrow(D)), match(rownames(r$fr), rownames(D))) - 1L), offset = offset_of(r$fr))
}
random_case <- function(part) {
  # eight copies of the table, so that there are more rows than random coefficients; the first copy's rows are kept
  r <- lf(paste("y ~ 1 +", part), D[rep(seq_len(n), 8), ]); re <- r$reTrms
  terms <- lapply(seq_along(re$cnms), function(i) {
    rows <- (re$Gp[i] + 1):re$Gp[i + 1]; flist <- re$flist[[attr(re$flist, "assign")[i]]]
    list(group = names(re$cnms)[i], names = I(re$cnms[[i]]), levels = I(levels(flist)),
         Z = unname(as.matrix(t(re$Zt[rows, 1:n, drop = FALSE]))))
  })
  list(random = part, terms = terms)
}
# new rows: R's predvars keep the knots and coefficients of the rows fitted to
new <- data.frame(x = c(-4, -0.3, 0.1, 5), z = c(0.05, 0.7, 1.3, 9), a = c("q", "p", "r", "q"), b = c("u", "u", "v", "v"), k = c(2L, 2L, 10L, 7L), l = c(TRUE, TRUE, FALSE, TRUE))
new_case <- function(right) {
  m <- lm(as.formula(paste("y ~", right)), D)
  X <- suppressWarnings(model.matrix(delete.response(terms(m)), new, xlev = m$xlevels))
  list(formula = paste("y ~", right), names = I(colnames(X)), X = unname(as.matrix(X)))
}
news <- c("x * a", "0 + a + b", "a:b", "poly(x, 3)", "poly(x, 2, raw = TRUE)", "poly(log(z), 2):a", "scale(x)", "scale(log(z), scale = FALSE)", "bs(x, df = 5)",
  "bs(x, knots = c(-0.5, 0.5), degree = 2)", "ns(x, 3)", "ns(z, df = 2, Boundary.knots = c(0.2, 2))", "factor(k)", "ordered(k)", "l * x", "I(x^2) + log(z)", "factor(a, levels = c(\"q\", \"p\", \"r\"))")
result <- list(table = as.list(table), levels = levels_of, fixed = c(lapply(fixed, fixed_case), lapply(outcomes, function(o) fixed_case("x", o))),
  random = lapply(random, random_case), new_table = as.list(new), new = lapply(news, new_case),
  contr_poly = lapply(2:12, function(q) unname(contr.poly(q))))
writeLines(toJSON(result, digits = NA, na = "null", null = "null", auto_unbox = TRUE, matrix = "columnmajor"), "formula_fixtures.json", useBytes = TRUE)
