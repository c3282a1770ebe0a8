// A doubly linked list whose links live in its elements: constant-time removal, no allocation.
#pragma once

#include <cstddef>

namespace fairlead {

template <typename T>
class IntrusiveList;

// To be inherited from. Leaves its list when destroyed; not copyable.
template <typename T>
class IntrusiveNode {
 public:
  IntrusiveNode() = default;
  IntrusiveNode(const IntrusiveNode&) = delete;
  IntrusiveNode& operator=(const IntrusiveNode&) = delete;
  ~IntrusiveNode() { unlink(); }

  bool linked() const { return list_ != nullptr; }
  void unlink() {
    if (list_) list_->remove(*this);
  }

 private:
  friend class IntrusiveList<T>;
  IntrusiveNode* next_ = nullptr;
  IntrusiveNode* previous_ = nullptr;
  IntrusiveList<T>* list_ = nullptr;
};

// Does not own its elements; must outlive their stay.
template <typename T>
class IntrusiveList {
 public:
  using Node = IntrusiveNode<T>;

  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (first_) remove(*first_);
  }

  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  T* front() const { return static_cast<T*>(first_); }
  T* back() const { return static_cast<T*>(last_); }
  // The one behind it; nullptr after the last.
  T* after(const Node& node) const { return static_cast<T*>(node.next_); }

  void pushFront(Node& node) {
    node.unlink();
    node.list_ = this;
    node.next_ = first_;
    (first_ ? first_->previous_ : last_) = &node;
    first_ = &node;
    ++size_;
  }
  void remove(Node& node) {
    (node.previous_ ? node.previous_->next_ : first_) = node.next_;
    (node.next_ ? node.next_->previous_ : last_) = node.previous_;
    node.next_ = node.previous_ = nullptr;
    node.list_ = nullptr;
    --size_;
  }

 private:
  Node* first_ = nullptr;
  Node* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fairlead
