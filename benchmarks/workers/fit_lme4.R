# lme4 as its authors recommend it for speed: nloptwrap without the derivative check after the fit.
suppressMessages(library(lme4))

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

answer('{"ready": "%s", "memory_megabytes": %.3f}', packageVersion("lme4"), peak_megabytes())
requests <- file("stdin", "r")
while (length(line <- readLines(requests, n = 1)) > 0) {
  times <- as.integer(sub('.*"times": *([0-9]+).*', "\\1", line))
  start <- cpu_seconds()
  for (i in seq_len(times)) model <- suppressMessages(lmer(formula, data = table, REML = TRUE, control = fast))
  seconds <- (cpu_seconds() - start) / times
  answer('{"cpu_seconds": %.9g, "result": %.12g, "memory_megabytes": %.3f}',
         seconds, -2 * as.numeric(logLik(model)), peak_megabytes())
}
