"""What two processes get from each collective, printed: the same under both libraries, bit for bit."""

import os
import socket

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

DTYPES = (torch.float32, torch.float64, torch.int32, torch.int64, torch.uint8, torch.int8)


def numbers(rank, dtype):
    torch.manual_seed(rank)
    return torch.randn(4, 3).to(dtype) if dtype in (torch.float32, torch.float64) else torch.randint(0, 100, (4, 3)).to(dtype)


def main(rank, world, port):
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(port)
    dist.init_process_group("gloo", rank=rank, world_size=world)
    said = []
    for dtype in DTYPES:
        for op in (dist.ReduceOp.SUM, dist.ReduceOp.PRODUCT, dist.ReduceOp.MIN, dist.ReduceOp.MAX):
            x = numbers(rank, dtype)
            dist.all_reduce(x, op)
            said.append(x)
            x = numbers(rank, dtype)
            dist.reduce(x, 1, op)
            if rank == 1:
                said.append(x)
        every = [torch.zeros(4, 3, dtype=dtype) for _ in range(world)]
        dist.all_gather(every, numbers(rank, dtype))
        said += every
        x = torch.zeros(4, 3, dtype=dtype)
        dist.scatter(x, every if rank == 0 else None, 0)
        said.append(x)
        x = numbers(rank, dtype)
        dist.broadcast(x, 1)
        said.append(x)
        if rank == 0:
            dist.send(x + 1, 1)
        else:
            dist.recv(x, 0)
        said.append(x)
    objects = [None] * world
    dist.all_gather_object(objects, {"rank": rank})
    text = [[str(x.dtype).removeprefix("torch."), x.tolist()] for x in said]
    dist.gather_object((rank, text, objects), out := [None] * world if rank == 0 else None)
    if rank == 0:
        print(out)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    mp.spawn(main, args=(2, port), nprocs=2)
