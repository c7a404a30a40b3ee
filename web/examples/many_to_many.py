from sqlalchemy import Column, ForeignKey, Table, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from sqlalchemy.orm import mapped_column, relationship


class Base(DeclarativeBase):
    pass


enrollment = Table(
    "enrollment",
    Base.metadata,
    Column("student_id", ForeignKey("student.id"), primary_key=True),
    Column("course_id", ForeignKey("course.id"), primary_key=True),
)


class Student(Base):
    __tablename__ = "student"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    courses: Mapped[list["Course"]] = relationship(
        secondary=enrollment, back_populates="students"
    )


class Course(Base):
    __tablename__ = "course"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    students: Mapped[list["Student"]] = relationship(
        secondary=enrollment, back_populates="courses"
    )


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)

databases = Course(title="Databases")
ana = Student(name="Ana", courses=[databases])
rui = Student(name="Rui", courses=[databases])
session.add_all([ana, rui])
session.commit()

for student in session.scalars(select(Student).order_by(Student.name)):
    print(student.name, [course.title for course in student.courses])

compilers = Course(title="Compilers")
ana.courses.append(compilers)
rui.courses.remove(databases)
