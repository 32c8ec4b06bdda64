internal import DHTCore
package import PrometheusText

/// The metrics of a node. `docs/metrics.md` has the same list with the labels of each, and a test compares them.
package enum NodeMetric {
    private static let shortTimes = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]
    private static let requestTimes = DurationCounts.boundsInMilliseconds.map { Double($0) / 1000 }

    // The node
    static let build = MetricDescription("bristlecone_build", .info, "The release of the program.")
    static let uptime = MetricDescription(
        "bristlecone_uptime_seconds", .gauge, "How long the node has been running.")
    static let live = MetricDescription(
        "bristlecone_live", .gauge, "1 if the node gets anything done, 0 if only a restart helps.")
    static let ready = MetricDescription(
        "bristlecone_ready", .gauge, "1 if the node takes part in the overlay and its archive accepts stores, else 0.")
    static let unready = MetricDescription(
        "bristlecone_unready", .gauge, "1 for each reason why the node is not ready now, 0 for the other reasons.")
    static let problems = MetricDescription(
        "bristlecone_problems", .gauge, "Problems that need the operator, as status lists them.")
    static let loopLag = MetricDescription(
        "bristlecone_event_loop_lag_seconds", .histogram, "How late the event loop came to a task of each second.",
        bounds: shortTimes)
    static let clockOffset = MetricDescription(
        "bristlecone_clock_offset_seconds", .gauge,
        "How far the machine's clock is ahead of the node's time, which follows a step after ten minutes.")
    static let clockLag = MetricDescription(
        "bristlecone_clock_behind_archive_seconds", .gauge,
        "How far the node's time is behind the newest change that was in the archive at the start; 0 if it is not.")
    static let versionsAhead = MetricDescription(
        "bristlecone_versions_ahead_seconds", .gauge,
        "How far the highest version that was published here is ahead of the node's time; 0 if it is not.")

    // The overlay
    static let datagrams = MetricDescription(
        "bristlecone_datagrams", .counter, "Datagrams by message and direction; `other` is no message of this overlay.")
    static let datagramBytes = MetricDescription(
        "bristlecone_datagram_bytes", .counter, "Bytes of datagrams, without the headers of UDP and IP.")
    static let drops = MetricDescription(
        "bristlecone_datagrams_dropped", .counter, "Datagrams that were received and not acted on, by reason.")
    static let sendRefusals = MetricDescription(
        "bristlecone_datagrams_unsent", .counter, "Datagrams that the system refused to send, by cause.")
    static let handling = MetricDescription(
        "bristlecone_request_handling_seconds", .histogram,
        "Time from the arrival of a request until it was dealt with, checks, reads and commits included.",
        bounds: requestTimes)
    static let roundTrips = MetricDescription(
        "bristlecone_round_trip_seconds", .histogram, "Time from a request of this node to the response, by response.",
        bounds: requestTimes)
    static let timeouts = MetricDescription(
        "bristlecone_requests_timed_out", .counter, "Requests of this node that nobody answered in time.")
    static let paced = MetricDescription(
        "bristlecone_requests_paced", .counter,
        "Requests of this node that waited so as not to exceed what a peer accepts.")
    static let skippedValues = MetricDescription(
        "bristlecone_values_skipped", .counter, "Values in responses that were no entries or not authentic.")
    static let lookups = MetricDescription(
        "bristlecone_lookups", .counter, "Lookups that ended, by purpose and outcome.")
    static let checks = MetricDescription(
        "bristlecone_signature_checks", .counter, "Signatures that were checked, by the level of their key.")
    static let contacts = MetricDescription(
        "bristlecone_contacts", .gauge, "Contacts in the routing table, by address family and state.")
    static let buckets = MetricDescription(
        "bristlecone_buckets", .gauge, "Buckets of the routing table, by address family.")

    // The archive
    static let values = MetricDescription(
        "bristlecone_archive_values", .gauge, "Values in the serving window, expired ones too, by class.")
    static let keys = MetricDescription("bristlecone_archive_keys", .gauge, "Keys with values in the serving window.")
    static let liveBytes = MetricDescription(
        "bristlecone_archive_live_bytes", .gauge, "Bytes of the archive that count against its size limit.")
    static let liveBytesMax = MetricDescription(
        "bristlecone_archive_limit_bytes", .gauge, "The archive's size limit.")
    static let budgetBytes = MetricDescription(
        "bristlecone_archive_budget_used_bytes", .gauge, "Bytes of records that each budget holds.")
    static let budgetBytesMax = MetricDescription(
        "bristlecone_archive_budget_limit_bytes", .gauge, "Bytes of records that each budget may hold.")
    static let refusals = MetricDescription(
        "bristlecone_archive_refusals", .counter, "Values that the archive refused, by reason.")
    static let unretained = MetricDescription(
        "bristlecone_archive_unretained_values", .counter,
        "Values that are pinned or were published here, expired, and found no room among the retained.")
    static let evictions = MetricDescription(
        "bristlecone_archive_evictions", .counter, "Records that gave way to others, by budget.")
    static let retired = MetricDescription(
        "bristlecone_archive_retired_values", .counter, "Values that expired and are retained.")
    static let removed = MetricDescription(
        "bristlecone_archive_removed_values", .counter, "Values that were removed because of their age.")
    static let forgotten = MetricDescription(
        "bristlecone_archive_forgotten_records", .counter, "Records that the operator had erased.")
    static let changes = MetricDescription(
        "bristlecone_archive_changes", .counter, "The number of the last change, counted since the archive was begun.")
    static let indexLag = MetricDescription(
        "bristlecone_index_lag_changes", .gauge, "Changes that the index has not followed yet.")
    static let commitTime = MetricDescription(
        "bristlecone_commit_seconds", .histogram, "Time that a commit took until it was durable.", bounds: shortTimes)
    static let commitChanges = MetricDescription(
        "bristlecone_commit_changes", .histogram, "Changes that one commit made durable.",
        bounds: [1, 2, 5, 10, 20, 50, 100, 200, 512])
    static let failedCommits = MetricDescription(
        "bristlecone_commit_failures", .counter, "Commits that could not be written.")
    static let freeBytes = MetricDescription(
        "bristlecone_data_folder_free_bytes", .gauge, "Free space on the disk of the data folder.")
    static let reserveBytes = MetricDescription(
        "bristlecone_data_folder_reserve_bytes", .gauge, "Free space below which new values are refused.")

    // Keeping values alive
    static let dueKeys = MetricDescription(
        "bristlecone_republish_due_keys", .gauge, "Keys that are due to be republished.")
    static let keptKeys = MetricDescription(
        "bristlecone_republish_kept_keys", .gauge, "Keys that come due again and again.")
    static let lateKeys = MetricDescription(
        "bristlecone_republish_late_keys", .gauge,
        "Due keys with a value that this node had already ceased to serve at the last look, pinned keys aside.")
    static let waitingKeys = MetricDescription(
        "bristlecone_republish_waiting_keys", .gauge, "Due keys whose turn has not come yet.")
    static let republished = MetricDescription(
        "bristlecone_republished_keys", .counter, "Keys that were dealt with when they were due, by outcome.")
    static let pins = MetricDescription(
        "bristlecone_pinned_keys", .gauge,
        "Pinned keys by their replicas elsewhere: enough (3 or more), few, none, or unknown, also without a value.")
    static let scrubbed = MetricDescription(
        "bristlecone_scrub_records", .counter, "Records that the scrub has read again.")
    static let scrubDamage = MetricDescription(
        "bristlecone_scrub_damaged_records", .counter, "Damaged records that the scrub has found.")
    static let scrubRecoveries = MetricDescription(
        "bristlecone_scrub_recovered_values", .counter, "Damaged values of which the network had a good replica.")
    static let scrubFinished = MetricDescription(
        "bristlecone_scrub_finished_timestamp_seconds", .gauge,
        "When the last complete run of the scrub ended, in seconds since 1970; 0 before the first one.")

    // The process, under the names that every collector uses
    static let processMemory = MetricDescription(
        "process_resident_memory_bytes", .gauge, "Memory of the process that is in RAM.")
    static let processTime = MetricDescription(
        "process_cpu_seconds", .counter, "Processor time of the process.")
    static let openFiles = MetricDescription("process_open_fds", .gauge, "Files and sockets that are open.")
    static let openFilesMax = MetricDescription("process_max_fds", .gauge, "Files and sockets that may be open.")

    /// All of them, in the order in which they are written.
    package static let all = [
        build, uptime, live, ready, unready, problems, loopLag, clockOffset, clockLag, versionsAhead,
        datagrams, datagramBytes, drops, sendRefusals, handling, roundTrips, timeouts, paced, skippedValues, lookups,
        checks, contacts, buckets,
        values, keys, liveBytes, liveBytesMax, budgetBytes, budgetBytesMax, refusals, unretained, evictions, retired,
        removed,
        forgotten, changes, indexLag, commitTime, commitChanges, failedCommits, freeBytes, reserveBytes,
        dueKeys, keptKeys, lateKeys, waitingKeys, republished, pins, scrubbed, scrubDamage, scrubRecoveries,
        scrubFinished,
        processMemory, processTime, openFiles, openFilesMax,
    ]
}
