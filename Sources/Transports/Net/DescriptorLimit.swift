import CLinux

/// How many descriptors this process may hold.
public enum DescriptorLimit {
    /// Raises the soft limit to the hard one and returns what is in force afterwards.
    ///
    /// A server that keeps the usual soft limit of 1,024 refuses its thousandth client for no reason.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        guard unsafe chat_get_descriptor_limit(&limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if unsafe chat_set_descriptor_limit(&raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
