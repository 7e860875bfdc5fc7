// Bytes to be hashed, put together on the stack; only what is unusually long goes to the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace tally::domain {

template <size_t kInlineBytes>
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  const uint8_t* data() const { return bytes_; }
  size_t size() const { return size_; }

  // `size` more bytes, which the caller writes before anything else is called.
  uint8_t* Grow(size_t size) {
    if (capacity_ - size_ < size) MoveToHeap(size);
    uint8_t* grown = bytes_ + size_;
    size_ += size;
    return grown;
  }
  void Append(const void* data, size_t size) {
    if (size != 0) std::memcpy(Grow(size), data, size);
  }

 private:
  void MoveToHeap(size_t more) {
    capacity_ = 2 * (size_ + more);
    std::unique_ptr<uint8_t[]> heap(new uint8_t[capacity_]);
    std::memcpy(heap.get(), bytes_, size_);
    heap_ = std::move(heap);
    bytes_ = heap_.get();
  }

  uint8_t inline_[kInlineBytes];
  std::unique_ptr<uint8_t[]> heap_;
  uint8_t* bytes_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInlineBytes;
};

}  // namespace tally::domain
