import ChatFaults

/// What has been tried, and what came of it.
struct Run {
    private(set) var passed = 0
    private(set) var failed = 0
    var seed = 1

    private mutating func note(_ trouble: String) {
        failed += 1
        print("FAILED \(trouble)")
    }

    mutating func cutPower(points: Int) async throws {
        let each = 40
        for part in 0..<(points + each - 1) / each {
            let outcome = try await PowerCuts.run(seed: seed + part, points: min(each, points - part * each))
            passed += outcome.points - outcome.failures.count
            for trouble in outcome.failures { note(trouble) }
        }
    }

    mutating func flip(places: Int) async throws {
        let each = 100
        for part in 0..<(places + each - 1) / each {
            let count = min(each, places - part * each)
            let outcome = try await Flips.run(seed: seed + part, places: count)
            passed += count - outcome.failures.count
            print(
                "flips: \(outcome.refused) not opened, \(outcome.met) met by reads, \(outcome.found) found by the look through, "
                    + "\(outcome.torn) at a WAL's torn end")
            for trouble in outcome.failures { note(trouble) }
        }
    }

    mutating func failSingly(histories: Int) async {
        for history in seed..<seed + histories {
            for kind in SingleFault.kinds {
                let tried = await failEach(kind, history)
                print("seed \(history): \(tried) × \(kind.operation) of *\(kind.suffix), \(kind.manner)")
            }
        }
    }

    /// Fails the first, the second, and so on until there is none. How many there were.
    private mutating func failEach(_ kind: Fault, _ history: Int) async -> Int {
        var fault = kind
        while true {
            switch await SingleFault.run(fault, seed: history) {
            case .unreached: return fault.after
            case .passed: passed += 1
            case .failed(let trouble): note(trouble)
            }
            fault.after += 1
        }
    }
}
