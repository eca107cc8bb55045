/// Fails the case unless the condition holds.
func expect(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws(ConformanceFailure) {
    if !condition { throw ConformanceFailure("\(what()) (case at line \(line))") }
}

/// Fails the case unless both are the same.
func expect<T: Equatable>(
    _ found: T, equals wanted: T, _ what: @autoclosure () -> String, line: Int = #line
) throws(ConformanceFailure) {
    if found != wanted {
        throw ConformanceFailure("\(what()): found \(found), but it must be \(wanted) (case at line \(line))")
    }
}

/// Unwraps, or fails the case.
func require<T>(
    _ value: T?, _ what: @autoclosure () -> String, line: Int = #line
) throws(ConformanceFailure) -> T {
    guard let value else { throw ConformanceFailure("\(what()) (case at line \(line))") }
    return value
}
