"""The one error class for what a user can mend."""


class InputError(ValueError):
    """A mistake in the data, the formula or the config that the user can mend.

    Its message is one sentence that says what is wrong, where, and what to do; whoever catches it prints
    that sentence and exits with a status other than zero, without a traceback.
    """
