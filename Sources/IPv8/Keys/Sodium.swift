internal import CSodium

/// libsodium, which has to be made ready before anything else of it is used.
enum Sodium {
    /// Makes it ready at the first use, once for all threads.
    static let isReady = sodium_init() >= 0
}
