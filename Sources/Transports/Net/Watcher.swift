/// Whoever is called when a descriptor is ready. Calls come from the loop's thread.
protocol Watcher: AnyObject {
    func ready(_ readiness: Readiness)
    func deadlineReached()
    func loopStopped()
}
