import ChatHost
import Feeding

/// Any bytes as a config, and as what the environment says in its place: a configuration, or everything that is wrong,
/// each with where it is, and the same when it is asked again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfig(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        check(input, environment: [:])
        let names = ["SECRET_KEY", "ALGORITHM", "ACCESS_TOKEN_EXPIRE_MINUTES", "DATABASE_URL", "CHAT_LISTEN"]
        let values = input.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let environment = Dictionary(zip(names, values), uniquingKeysWith: { $1 })
        check(Array(HostConfiguration.standard.utf8), environment: environment)
    }
}

private func check(_ text: [UInt8], environment: [String: String]) {
    let first = problems(text, environment)
    precondition(first.map(\.description) == problems(text, environment).map(\.description), "two readings")
    precondition(first.allSatisfy { !$0.text.isEmpty }, "a problem without a word")
    precondition(Set(first).count == first.count, "a problem told twice")
}

private func problems(_ text: [UInt8], _ environment: [String: String]) -> [ConfigProblem] {
    do throws(ConfigProblems) {
        _ = try HostConfiguration(parsing: text, directory: "/", environment: environment)
        return []
    } catch {
        precondition(!error.problems.isEmpty, "refused without a word")
        return error.problems
    }
}
