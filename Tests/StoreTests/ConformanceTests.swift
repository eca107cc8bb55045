import ChatConformance
import ChatKernel
import ChatSQLite
import Testing

/// Every store, the same list.
@Suite("Stores conform")
struct ConformanceTests {
    @Test(arguments: StoreConformance.cases)
    func inMemory(_ item: ConformanceCase) async throws { try await item.run(InMemoryHarness()) }

    @Test(arguments: StoreConformance.cases)
    func sqliteSynced(_ item: ConformanceCase) async throws { try await item.run(SQLiteHarness(.synced)) }

    @Test(arguments: StoreConformance.cases)
    func sqliteWritten(_ item: ConformanceCase) async throws { try await item.run(SQLiteHarness(.written)) }

    /// All the time in the middle of a fill, a row at a time, and catching up soon goes from conversation to conversation.
    @Test(arguments: StoreConformance.cases)
    func sqliteFilling(_ item: ConformanceCase) async throws {
        var tuning = Tuning()
        tuning.tailLimit = 3
        tuning.sliceRows = 1
        tuning.scanRows = 2
        tuning.scanFirst = 1
        tuning.conversationRows = 1
        tuning.searchRows = 2
        tuning.quietNanoseconds = 0
        try await item.run(SQLiteHarness(.written, tuning))
    }

    /// With nothing ever left to do when the next comes: every message in the index of words at once.
    @Test(arguments: StoreConformance.cases)
    func sqliteTidy(_ item: ConformanceCase) async throws {
        var tuning = Tuning()
        tuning.searchRows = 1
        tuning.sweepPages = 1
        try await item.run(TidyingHarness(harness: SQLiteHarness(.written, tuning)))
    }
}
