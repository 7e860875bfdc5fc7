// A library for LD_PRELOAD under which a process sees clocks that a test moves, while it runs: the
// file that TALLY_TEST_CLOCK names has two int64, the nanoseconds that the wall clock and the
// monotonic clock are ahead. (libfaketime and jemalloc wait for each other at start.)
//
// Waits until a time of a moved clock end as a kernel whose clock was moved would end them, later
// too when it was set back meanwhile: they are waited for in slices, and each that ends early is a
// spurious wake-up to its caller.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSlice = kSecond / 20;

struct Ahead {
  volatile int64_t wall, monotonic;
};
Ahead not_moved{};
Ahead* ahead = &not_moved;

int64_t ToNanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

timespec ToTimespec(int64_t nanoseconds) {
  return {.tv_sec = nanoseconds / kSecond, .tv_nsec = nanoseconds % kSecond};
}

int64_t AheadOf(clockid_t clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return ahead->wall;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return ahead->monotonic;
    default:
      return 0;
  }
}

// dlsym gives the oldest version of these, which has another layout.
template <typename Function>
Function* Real(const char* name, const char* version) {
  return reinterpret_cast<Function*>(dlvsym(RTLD_NEXT, name, version));
}

long RealSyscall(long number, long a, long b, long c = 0, long d = 0, long e = 0, long f = 0) {
  static const auto real = Real<long(long, ...)>("syscall", "GLIBC_2.2.5");
  return real(number, a, b, c, d, e, f);
}

// Not by way of glibc's, which is not there yet when an allocator first asks.
int64_t RawNow(clockid_t clock) {
  timespec now{};
  RealSyscall(SYS_clock_gettime, clock, reinterpret_cast<long>(&now));
  return ToNanoseconds(now);
}

int64_t MovedNow(clockid_t clock) { return RawNow(clock) + AheadOf(clock); }

// When the real clock ends a slice of a wait until `until` by the moved one.
timespec EndOfSlice(clockid_t clock, const timespec& until) {
  const int64_t left = std::max<int64_t>(ToNanoseconds(until) - MovedNow(clock), 0);
  return ToTimespec(RawNow(clock) + std::min(left, kSlice));
}

// What a wait says whose slice has ended.
int AfterSlice(int result, clockid_t clock, const timespec& until) {
  return result == ETIMEDOUT && MovedNow(clock) < ToNanoseconds(until) ? 0 : result;
}

__attribute__((constructor)) void Open() {
  const char* path = std::getenv("TALLY_TEST_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* shared = mmap(nullptr, sizeof(Ahead), PROT_READ, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) ahead = static_cast<Ahead*>(shared);
  close(file);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (AheadOf(clock) != 0) {
    *time = ToTimespec(MovedNow(clock));
    return 0;
  }
  return static_cast<int>(RealSyscall(SYS_clock_gettime, clock, reinterpret_cast<long>(time)));
}

int gettimeofday(timeval* time, void*) noexcept {
  const int64_t now = MovedNow(CLOCK_REALTIME);
  *time = {.tv_sec = now / kSecond, .tv_usec = now % kSecond / 1000};
  return 0;
}

time_t time(time_t* seconds) noexcept {
  const time_t now = MovedNow(CLOCK_REALTIME) / kSecond;
  if (seconds != nullptr) *seconds = now;
  return now;
}

int timespec_get(timespec* time, int base) noexcept {
  *time = ToTimespec(MovedNow(CLOCK_REALTIME));
  return base;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  static const auto real = Real<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
      "pthread_cond_clockwait", "GLIBC_2.34");
  const timespec end = EndOfSlice(clock, *until);
  return AfterSlice(real(condition, mutex, clock, &end), clock, *until);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, until);
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  const int result = pthread_cond_timedwait(reinterpret_cast<pthread_cond_t*>(condition),
                                            reinterpret_cast<pthread_mutex_t*>(mutex), until);
  if (result == 0) return thrd_success;
  return result == ETIMEDOUT ? thrd_timedout : thrd_error;
}

// Abseil waits so, until a time of the wall clock.
long syscall(long number, ...) noexcept {
  va_list rest;
  va_start(rest, number);
  long value[6];
  for (long& each : value) each = va_arg(rest, long);
  va_end(rest);
  const auto* until = reinterpret_cast<const timespec*>(value[3]);
  if (number != SYS_futex || until == nullptr ||
      (value[1] & ~FUTEX_PRIVATE_FLAG) != (FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME)) {
    return RealSyscall(number, value[0], value[1], value[2], value[3], value[4], value[5]);
  }
  const timespec end = EndOfSlice(CLOCK_REALTIME, *until);
  const long result = RealSyscall(number, value[0], value[1], value[2],
                                  reinterpret_cast<long>(&end), value[4], value[5]);
  if (result == -1 && AfterSlice(errno, CLOCK_REALTIME, *until) == 0) errno = EINTR;
  return result;
}

}  // extern "C"
