"""The papers that the prose leans on, cited by key and listed in the order of the alphabet."""

REFERENCES = {
    "bates": "Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects models using lme4. "
    "Journal of Statistical Software, 67(1), 1–48.",
    "crainiceanu": "Crainiceanu, C. M., & Ruppert, D. (2004). Likelihood ratio tests in linear mixed models with one "
    "variance component. Journal of the Royal Statistical Society B, 66, 165–185.",
    "davison": "Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application. Cambridge "
    "University Press.",
    "giesbrecht": "Giesbrecht, F. G., & Burns, J. C. (1985). Two-stage analysis based on a mixed model: Large-sample "
    "asymptotic theory and small-sample simulation results. Biometrics, 41, 477–486.",
    "greven": "Greven, S., Crainiceanu, C. M., Küchenhoff, H., & Peters, A. (2008). Restricted likelihood ratio "
    "testing for zero variance components in linear mixed models. Journal of Computational and Graphical Statistics, "
    "17, 870–891.",
    "hampel": "Hampel, F. R. (1974). The influence curve and its role in robust estimation. Journal of the American "
    "Statistical Association, 69, 383–393.",
    "johnson": "Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth’s R²GLMM to random slopes models. "
    "Methods in Ecology and Evolution, 5, 944–946.",
    "kenward": "Kenward, M. G., & Roger, J. H. (1997). Small sample inference for fixed effects from restricted "
    "maximum likelihood. Biometrics, 53, 983–997.",
    "kneib": "Greven, S., & Kneib, T. (2010). On the behaviour of marginal and conditional AIC in linear mixed models. "
    "Biometrika, 97, 773–789.",
    "matuschek": "Matuschek, H., Kliegl, R., Vasishth, S., Baayen, H., & Bates, D. (2017). Balancing Type I error and "
    "power in linear mixed models. Journal of Memory and Language, 94, 305–315.",
    "nakagawa": "Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R² from generalized "
    "linear mixed-effects models. Methods in Ecology and Evolution, 4, 133–142.",
    "schuetzenmeister": "Schützenmeister, A., & Piepho, H.-P. (2012). Residual analysis of linear mixed models using a "
    "simulation approach. Computational Statistics & Data Analysis, 56, 1405–1416.",
    "self": "Self, S. G., & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and likelihood "
    "ratio tests under nonstandard conditions. Journal of the American Statistical Association, 82, 605–610.",
    "stram": "Stram, D. O., & Lee, J. W. (1994). Variance components testing in the longitudinal mixed effects model. "
    "Biometrics, 50, 1171–1177.",
    "verbeke": "Verbeke, G., & Molenberghs, G. (2000). Linear mixed models for longitudinal data. Springer.",
}
