// What one loop counts about static files. Written by the loop alone, read by whoever scrapes.
#ifndef ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_
#define ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_

#include "common/metrics.h"

namespace anteroom::frontend {

struct alignas(64) StaticCounters {
  SingleWriterCounter hits;                  // answered from the cache, also with a 404 or 301
  SingleWriterCounter misses;                // had to wait for a file-I/O thread
  SingleWriterCounter revalidations;         // a cached answer was looked at again
  SingleWriterCounter evictions;             // left the cache for room
  SingleWriterCounter cold_reads;            // windows that a file-I/O thread had to read
  SingleWriterCounter refused;               // answered 503 since the file-I/O queue was full
  SingleWriterCounter listings_cut;          // listings made that do not show every entry
  SingleWriterCounter compressions;          // that made files smaller...
  SingleWriterCounter compression_bytes_in;  // ...and what went in and came out
  SingleWriterCounter compression_bytes_out;
  SingleWriterCounter compressions_useless;  // that did not
  SingleWriterCounter compressions_refused;  // too many were waiting, so the file was sent as it is
  SingleWriterGauge cached_bytes;
  SingleWriterGauge cached_entries;
  SingleWriterGauge cached_descriptors;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_STATIC_COUNTERS_H_
