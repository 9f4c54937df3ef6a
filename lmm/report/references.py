"""The papers that the prose leans on, cited by key and listed in the order of the alphabet."""

from __future__ import annotations

from collections.abc import Iterable

REFERENCES = {
    "appelbaum": "Appelbaum, M., Cooper, H., Kline, R. B., Mayo-Wilson, E., Nezu, A. M., & Rao, S. M. (2018). Journal "
    "article reporting standards for quantitative research in psychology. American Psychologist, 73, 3–25.",
    "barr": "Barr, D. J., Levy, R., Scheepers, C., & Tily, H. J. (2013). Random effects structure for confirmatory "
    "hypothesis testing: Keep it maximal. Journal of Memory and Language, 68, 255–278.",
    "bates": "Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects models using lme4. "
    "Journal of Statistical Software, 67(1), 1–48.",
    "bengio": "Bengio, Y., & Grandvalet, Y. (2004). No unbiased estimator of the variance of K-fold cross-validation. "
    "Journal of Machine Learning Research, 5, 1089–1105.",
    "belsley": "Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics: Identifying influential data "
    "and sources of collinearity. Wiley.",
    "benjamini": "Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate: A practical and powerful "
    "approach to multiple testing. Journal of the Royal Statistical Society B, 57, 289–300.",
    "burnham": "Burnham, K. P., & Anderson, D. R. (2002). Model selection and multimodel inference: A practical "
    "information-theoretic approach (2nd ed.). Springer.",
    "christensen": "Christensen, R., Pearson, L. M., & Johnson, W. (1992). Case-deletion diagnostics for mixed models. "
    "Technometrics, 34, 38–45.",
    "crainiceanu": "Crainiceanu, C. M., & Ruppert, D. (2004). Likelihood ratio tests in linear mixed models with one "
    "variance component. Journal of the Royal Statistical Society B, 66, 165–185.",
    "davison": "Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application. Cambridge "
    "University Press.",
    "freedman": "Freedman, D. A. (1983). A note on screening regression equations. The American Statistician, 37, "
    "152–155.",
    "giesbrecht": "Giesbrecht, F. G., & Burns, J. C. (1985). Two-stage analysis based on a mixed model: Large-sample "
    "asymptotic theory and small-sample simulation results. Biometrics, 41, 477–486.",
    "gneiting": "Gneiting, T., & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. "
    "Journal of the American Statistical Association, 102, 359–378.",
    "greven": "Greven, S., Crainiceanu, C. M., Küchenhoff, H., & Peters, A. (2008). Restricted likelihood ratio "
    "testing for zero variance components in linear mixed models. Journal of Computational and Graphical Statistics, "
    "17, 870–891.",
    "hampel": "Hampel, F. R. (1974). The influence curve and its role in robust estimation. Journal of the American "
    "Statistical Association, 69, 383–393.",
    "heinze": "Heinze, G., Wallisch, C., & Dunkler, D. (2018). Variable selection – A review and recommendations for "
    "the practicing statistician. Biometrical Journal, 60, 431–449.",
    "hoaglin": "Hoaglin, D. C., & Welsch, R. E. (1978). The hat matrix in regression and ANOVA. The American "
    "Statistician, 32, 17–22.",
    "holm": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
    "Statistics, 6, 65–70.",
    "johnson": "Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth’s R²GLMM to random slopes models. "
    "Methods in Ecology and Evolution, 5, 944–946.",
    "kenward": "Kenward, M. G., & Roger, J. H. (1997). Small sample inference for fixed effects from restricted "
    "maximum likelihood. Biometrics, 53, 983–997.",
    "kish": "Kish, L. (1965). Survey sampling. Wiley.",
    "kneib": "Greven, S., & Kneib, T. (2010). On the behaviour of marginal and conditional AIC in linear mixed models. "
    "Biometrika, 97, 773–789.",
    "matuschek": "Matuschek, H., Kliegl, R., Vasishth, S., Baayen, H., & Bates, D. (2017). Balancing Type I error and "
    "power in linear mixed models. Journal of Memory and Language, 94, 305–315.",
    "meer": "Van der Meer, T., Te Grotenhuis, M., & Pelzer, B. (2010). Influential cases in multilevel modeling: A "
    "methodological comment. American Sociological Review, 75, 173–178.",
    "meteyard": "Meteyard, L., & Davies, R. A. I. (2020). Best practice guidance for linear mixed-effects models in "
    "psychological science. Journal of Memory and Language, 112, 104092.",
    "nakagawa": "Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R² from generalized "
    "linear mixed-effects models. Methods in Ecology and Evolution, 4, 133–142.",
    "roberts": "Roberts, D. R., Bahn, V., Ciuti, S., Boyce, M. S., Elith, J., Guillera-Arroita, G., … Dormann, C. F. "
    "(2017). Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure. "
    "Ecography, 40, 913–929.",
    "sauerbrei": "Sauerbrei, W., & Schumacher, M. (1992). A bootstrap resampling procedure for model building: "
    "Application to the Cox regression model. Statistics in Medicine, 11, 2093–2109.",
    "schuetzenmeister": "Schützenmeister, A., & Piepho, H.-P. (2012). Residual analysis of linear mixed models using a "
    "simulation approach. Computational Statistics & Data Analysis, 56, 1405–1416.",
    "self": "Self, S. G., & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and likelihood "
    "ratio tests under nonstandard conditions. Journal of the American Statistical Association, 82, 605–610.",
    "silvapulle": "Silvapulle, M. J., & Sen, P. K. (2005). Constrained statistical inference: Inequality, order, and "
    "shape restrictions. Wiley.",
    "sivula": "Sivula, T., Magnusson, M., Matamoros, A. A., & Vehtari, A. (2020). Uncertainty in Bayesian "
    "leave-one-out cross-validation based model comparison. arXiv:2008.10296.",
    "stram": "Stram, D. O., & Lee, J. W. (1994). Variance components testing in the longitudinal mixed effects model. "
    "Biometrics, 50, 1171–1177.",
    "vehtari": "Vehtari, A., Gelman, A., & Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out "
    "cross-validation and WAIC. Statistics and Computing, 27, 1413–1432.",
    "verbeke": "Verbeke, G., & Molenberghs, G. (2000). Linear mixed models for longitudinal data. Springer.",
    "von_elm": "von Elm, E., Altman, D. G., Egger, M., Pocock, S. J., Gøtzsche, P. C., & Vandenbroucke, J. P. (2007). "
    "The Strengthening the Reporting of Observational Studies in Epidemiology (STROBE) statement: Guidelines for "
    "reporting observational studies. PLoS Medicine, 4(10), e296.",
}


def in_order(keys: Iterable[str]) -> list[str]:
    """The references of some keys by their authors, as APA lists them: the & before the last author is no letter."""
    return sorted({REFERENCES[key] for key in keys}, key=lambda text: text.replace("& ", "").casefold())
