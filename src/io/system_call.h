// The few system calls of the hot path, made directly: glibc's wrappers are cancellation points,
// which cost two locked instructions each in a program with threads, and nobody here cancels
// threads.
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace fairlead::io {

// Each as its namesake in section 2 of the manual: -1 and errno on failure.
inline ssize_t receiveFrom(int fd, void* into, size_t size) {
  return ::syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}
inline ssize_t sendTo(int fd, const void* from, size_t size, int flags) {
  return ::syscall(SYS_sendto, fd, from, size, flags | MSG_NOSIGNAL, nullptr, 0);
}
inline ssize_t sendPieces(int fd, const msghdr& pieces, int flags) {
  return ::syscall(SYS_sendmsg, fd, &pieces, flags | MSG_NOSIGNAL);
}
// From a socket into a pipe, or out of one; at least one of the two is a pipe. Waits for neither.
inline ssize_t moveOctets(int from, int to, size_t most) {
  return ::syscall(SYS_splice, from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}
inline int waitForEvents(int epoll, epoll_event* events, int most, int milliseconds) {
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, epoll, events, most, milliseconds, nullptr, size_t{8}));
}

}  // namespace fairlead::io
