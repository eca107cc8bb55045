import ChatSimulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// simulate [--seeds N] [--from S] [--doings K]     lives N seeds through; the last line counts them
// simulate --seed S [--doings K]                   lives one through again and prints what happens
// simulate --mutants [--seeds N]                   finds every deliberate fault (a build with `--traits Mutants`)

let order: Order
do {
    order = try Order(CommandLine.arguments.dropFirst())
} catch {
    print(error)
    print("usage: simulate [--seeds N] [--from S] [--doings K] | --seed S [--doings K] | --mutants [--seeds N]")
    exit(64)
}

switch order.task {
case .replay(let seed):
    let outcome = Simulation.run(seed: seed, doings: order.doings) { print($0) }
    print(outcome.summary)
    finish(passed: outcome.failure == nil ? 1 : 0, failed: outcome.failure == nil ? 0 : 1)
case .seeds:
    var failed = 0
    var digest: UInt64 = 0
    for seed in order.seeds {
        let outcome = Simulation.run(seed: seed, doings: order.doings)
        digest = digest &* 31 &+ outcome.digest
        if outcome.failure != nil {
            failed += 1
            print(outcome.summary)
            print("    again: simulate --seed \(seed) --doings \(order.doings)")
        }
    }
    print("digest \(String(digest, radix: 16))")
    finish(passed: order.seeds.count - failed, failed: failed)
case .mutants:
    #if Mutants
        var found = 0
        for mutant in Mutant.all {
            if let outcome = mutant.find(in: order.seeds, doings: order.doings) {
                found += 1
                print("\(mutant.name): \(outcome.summary)")
            } else {
                print("\(mutant.name): not found in \(order.seeds.count) seeds")
            }
        }
        finish(passed: found, failed: Mutant.all.count - found)
    #else
        print("This build has no mutants: build with `--traits Mutants`.")
        exit(64)
    #endif
}
