import ChatSimulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the command line asks for.
struct Order {
    enum Task {
        case seeds
        case replay(UInt64)
        case mutants
    }

    var task = Task.seeds
    var count: UInt64 = 1000
    var first: UInt64 = 1
    var doings = Simulation.doings

    var seeds: Range<UInt64> { first..<first + count }

    init(_ arguments: some Sequence<String>) throws(Complaint) {
        var words = arguments.makeIterator()
        while let word = words.next() {
            func number<N: FixedWidthInteger>() throws(Complaint) -> N {
                guard let text = words.next(), let number = N(text), number >= 0 else {
                    throw Complaint("\(word) wants a number.")
                }
                return number
            }
            switch word {
            case "--seeds": count = min(try number(), 1 << 32)
            case "--from": first = min(try number(), 1 << 62)
            case "--seed": task = .replay(try number())
            case "--doings": doings = try number()
            case "--mutants": task = .mutants
            default: throw Complaint("\(word) is not known.")
            }
        }
    }

    struct Complaint: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}

extension Simulation.Outcome {
    var summary: String {
        "seed \(seed): \(failure ?? "passed"), \(entries) entries in \(lives) lives, digest \(String(digest, radix: 16))"
    }
}

/// The closing line, alone, and the status.
func finish(passed: Int, failed: Int) -> Never {
    print("\(passed) passed, \(failed) failed")
    exit(failed == 0 ? 0 : 1)
}
