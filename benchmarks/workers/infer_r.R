# The same questions to R: lme4, lmerTest and pbkrtest. Every action begins from a fit that is at hand.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest)})

peak_megabytes <- function() {
  status <- readLines("/proc/self/status")
  as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE))) / 1024
}
answer <- function(...) {
  cat(sprintf(...), "\n", sep = "")
  flush(stdout())
}
cpu_seconds <- function() sum(proc.time()[c("user.self", "sys.self")])

arguments <- commandArgs(trailingOnly = TRUE)
table <- readRDS(arguments[1])
formula <- as.formula(arguments[2])
fast <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE)
refit_model <- function() lme4::lmer(formula, data = table, REML = TRUE, control = fast)
model <- refit_model()
coefficients <- length(fixef(model))

actions <- list(
  fit = function() -2 * as.numeric(logLik(refit_model())),
  `kenward-roger` = function() {
    plain <- vcov(model)
    adjusted <- vcovAdj(model)
    df <- sapply(seq_len(coefficients), function(i) Lb_ddf(as.numeric(seq_len(coefficients) == i), plain, adjusted))
    df[coefficients]
  },
  satterthwaite = function() {
    summary(as_lmerModLmerTest(model))$coefficients[coefficients, "df"]
  },
  bootstrap = function() {
    drawn <- bootMer(model, function(m) c(fixef(m), getME(m, "theta"), sigma(m)), nsim = 1000, seed = 1)
    sd(drawn$t[, coefficients])
  },
  profile = function() confint(model, method = "profile", quiet = TRUE)[1, 1]
)

versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(name) paste(name, packageVersion(name)))
answer('{"ready": "%s", "memory_megabytes": %.3f}', paste(versions, collapse = ", "), peak_megabytes())
requests <- file("stdin", "r")
while (length(line <- readLines(requests, n = 1)) > 0) {
  times <- as.integer(sub('.*"times": *([0-9]+).*', "\\1", line))
  action <- actions[[sub('.*"action": *"([^"]*)".*', "\\1", line)]]
  start <- cpu_seconds()
  for (i in seq_len(times)) result <- suppressMessages(suppressWarnings(action()))
  seconds <- (cpu_seconds() - start) / times
  answer('{"cpu_seconds": %.9g, "result": %.12g, "memory_megabytes": %.3f}', seconds, result, peak_megabytes())
}
