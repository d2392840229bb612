"""The PyTorch twin of `examples/tensors.rs`: what this prints is `tests/golden/tensors.txt`, to the character.

    python examples/pytorch/tensors.py
"""

import torch

# Making tensors.
print(torch.tensor([1, 2, 3]))
print(torch.tensor([[1.0, 2.0], [3.0, 4.5]]))
print(torch.zeros(2, 3) + 2)
print(torch.arange(12).reshape(3, 4))
print(torch.linspace(0, 1, 5))
print(torch.eye(3))

# Random numbers, the same for the same seed.
torch.manual_seed(0)
print(torch.rand(2, 3))
print(torch.randn(3, 3, 3))
print(torch.randint(0, 10, (8,)))
print(torch.randperm(10))

# Shapes, types and views, which share memory with what they view.
x = torch.arange(12).reshape(3, 4)
print(x.shape)
print(x.t())
print(x[1])
print(x[:, -1])
print(x[::2, 1:3])
print(x[x > 6])
print(x.float().mean())

# Arithmetic broadcasts, and promotes integers to floats where it must.
print(x + torch.tensor([10, 20, 30, 40]))
print(x / 2)
print(x * 0.5)
print(x > 5)
a = torch.randn(3, 4)
b = torch.randn(4, 2)
print(a @ b)
print(a.sum(0))
print(a.max(1)[0])
print(a.argmax(1))
print(a.softmax(1))

# Writing in place.
y = torch.zeros(3, 4)
y[:, 0] = 1
y[1] = torch.tensor([5.0, 6.0, 7.0, 8.0])
print(y)
print(torch.cat([y, y.flip(0)], 1))

# Large tensors are summarised.
print(torch.arange(10000))
print(torch.randn(100, 100))

# Gradients.
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
loss = (w * w).sum()
print(loss)
loss.backward()
print(w.grad)
print(w)

# Linear regression by the normal equations.
torch.manual_seed(0)
x = torch.randn(10, 5)
x[:, 0] = 1
y = torch.randn(10)
print((x.t() @ x).inverse() @ (x.t() @ y))
