// Failure
