import Glibc

// disk-faults [--seed N] [--power-cuts N]     cuts the power at N points of many histories
//             [--single N]                    of N histories, fails every operation of the disk, one at a time
//             [--flips N]                     changes a byte of a store's file at N places
//
// In the order in which they are named. The last line counts.

func complain() -> Never {
    print("usage: disk-faults [--seed N] [--power-cuts N] [--single N] [--flips N]")
    exit(64)
}

func obey(_ arguments: [String]) async throws -> Run {
    var run = Run()
    var words = arguments.makeIterator()
    while let word = words.next() {
        guard let number = words.next().flatMap({ Int($0) }), (0...1_000_000).contains(number) else { complain() }
        switch word {
        case "--seed": run.seed = number
        case "--power-cuts": try await run.cutPower(points: number)
        case "--single": await run.failSingly(histories: number)
        case "--flips": try await run.flip(places: number)
        default: complain()
        }
    }
    return run
}

let run = try await obey(Array(CommandLine.arguments.dropFirst()))
print("\(run.passed) passed, \(run.failed) failed")
exit(run.failed == 0 && run.passed > 0 ? 0 : 1)
