from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from sqlalchemy.orm import mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    lines: Mapped[list["Line"]] = relationship(back_populates="order", cascade="all")


class Line(Base):
    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    order: Mapped["Order | None"] = relationship(back_populates="lines")


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)

order = Order(customer="Rui")
tea = Line(product="tea", order=order)
cup = Line(product="cup", order=order)
session.add(order)
session.commit()

# Without delete-orphan the line stays and forgets its order.
# Turn delete-orphan on under Models and look at the plan again.
order.lines.remove(cup)
